"""Messages that took their text from a design: they say so everywhere, and keep it whatever becomes of the design."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from eventmail import clock
from eventmail.db import transaction
from eventmail.domain.designs import lifecycle, revisions
from eventmail.models import Schedule
from tests.browser import steps
from tests.browser.designs.page.steps import made, open_, versions
from tests.browser.scheduled.steps import ROW, choose, planned
from tests.browser.steps import Gala, body, by_test
from tests.support import designing, seeding
from tests.support.browser import assert_visible_everywhere, axe

TEXT = {"name": "Save the date", "subject": "Save the date", "preheader": "", "body": "Version one."}


def content(gala: Gala) -> list[tuple[str, str]]:
    """Subject and body of each message that is no test, oldest first."""
    found = gala.live.query(
        "SELECT content.subject, content.body FROM mailing JOIN content ON content.id = content_id "
        "WHERE mailing.event_id = ? AND kind <> 'test' ORDER BY mailing.id",
        gala.id,
    )
    return [(row["subject"], row["body"]) for row in found]


def changed(gala: Gala, design: int) -> None:
    """The draft says something else than what is published."""
    with gala.live.app.app_context():
        designing.save(gala.id, design, seeding.acting(gala.live.organizer), "Version two.")


def overtaken(gala: Gala, design: int) -> None:
    """What the draft says is published, and the design archived."""
    with gala.live.app.app_context():
        by = seeding.acting(gala.live.organizer)
        revisions.publish(gala.id, design, by)
        lifecycle.archive(gala.id, design, by)
    assert [number for number, *_ in versions(gala)] == [1, 2]


def based_on(page: Page) -> Locator:
    return by_test(page, "based-on")


def test_D3_preview_versus_published_divergence_is_labelled_and_a_send_uses_the_snapshot_that_was_chosen(
    page: Page, gala: Gala
) -> None:
    """Resolution: both snapshots are labelled, and the send uses the explicit selected snapshot."""
    design = made(gala, publish=True, **TEXT)
    changed(gala, design)
    open_(page, gala, design)
    expect(by_test(page, "email-design-standing")).to_contain_text("The draft differs from what is published.")
    assert_visible_everywhere(page, ["email-design-use-published", "email-design-use-draft", "email-design-schedule"])

    # the draft, when it is chosen
    by_test(page, "email-design-use-draft").click()
    expect(based_on(page)).to_have_text("Save the date (draft)")
    expect(page.get_by_label("Message", exact=True)).to_have_value("Version two.")

    # what is published, as it is and edited
    open_(page, gala, design)
    by_test(page, "email-design-use-published").click()
    expect(based_on(page)).to_have_text("Save the date v1")
    expect(page.get_by_label("Message", exact=True)).to_have_value("Version one.")
    page.get_by_label("Message", exact=True).fill("Version one, and a word more.")
    expect(based_on(page)).to_have_text("Save the date v1, edited")
    expect(page.locator("#based-on")).to_have_text("Based on Save the date v1, edited.")
    steps.pick(page, ["Confirmed"])
    assert_visible_everywhere(page, ["based-on", *steps.COMPOSER])
    dialog = steps.review(page)
    expect(by_test(dialog.page, "review-based-on")).to_have_text("Save the date v1, edited")
    by_test(page, "guest-message-send-confirm").click()
    steps.finished(page)
    overtaken(gala, design)

    # everywhere afterwards
    page.goto(gala.url("/mailings"))
    expect(based_on(page)).to_have_text("Save the date v1, edited")
    page.get_by_role("link", name="Save the date", exact=True).first.click()
    expect(based_on(page)).to_have_text("Save the date v1, edited")
    axe(page)
    page.goto(f"{page.url}/receipt")
    expect(based_on(page)).to_have_text("Save the date v1, edited")
    assert {body(mail).partition("\n")[0] for mail in gala.mails()} == {"Version one, and a word more."}
    assert len(gala.by_address()) == 3


@pytest.mark.soak
def test_D3_a_scheduled_message_keeps_its_version_through_a_publication_an_archiving_and_its_cutoff_and_is_cancelled(
    page: Page, gala: Gala
) -> None:
    """Scheduled-message edit window, and cancel scheduled before send, of a message with a design."""
    design = made(gala, publish=True, **TEXT)
    changed(gala, design)
    open_(page, gala, design)
    by_test(page, "email-design-schedule").click()
    page.wait_for_url(re.compile(r"/scheduled/\d+$"))
    expect(based_on(page)).to_have_text("Save the date v1")
    by_test(page, "scheduled-message-audience-picker").get_by_label("Confirmed").check()
    choose(page, gala, datetime.now(UTC) + timedelta(hours=6))
    expect(by_test(page, "scheduled-message-save-cta")).to_contain_text("(3)")
    by_test(page, "scheduled-message-save-cta").click()
    expect(by_test(page, ROW)).to_contain_text("Its own copy of Save the date v1")
    assert (gala.reservations(), content(gala)) == ([(3, 0, 0)], [("Save the date", "Version one.")])

    # the design says which messages hold which version; what becomes of it changes none of them
    open_(page, gala, design)
    by_test(page, "email-design-publish-cta").click()
    holders = by_test(page, "email-design-holders")
    holders.locator("summary").click()
    expect(holders).to_contain_text("version 1, scheduled, due")
    overtaken(gala, design)
    before = planned(gala)
    assert content(gala) == [("Save the date", "Version one.")]

    # after its cutoff it cannot be edited any more
    mailing = before[0]["id"]
    with gala.live.app.app_context(), transaction() as tx:
        past = clock.now() - timedelta(minutes=1)
        tx.execute(update(Schedule).where(Schedule.mailing_id == mailing).values(edit_cutoff_at=past))
    locked = planned(gala)
    for change in ({"subject": "Too late"}, {"design": {"id": design, "snapshot": "draft"}}):
        answer = _patch(gala, mailing, change)
        assert (answer.status, answer.json["code"]) == (409, "PAST_EDIT_WINDOW")
    assert (planned(gala), content(gala)) == (locked, [("Save the date", "Version one.")])
    page.goto(gala.url(f"/scheduled/{mailing}"))
    expect(by_test(page, "scheduled-message-locked")).to_contain_text("It can’t be changed any more")
    expect(by_test(page, "scheduled-message-save-cta")).to_be_disabled()

    # it can still be cancelled, and everything goes back
    page.goto(gala.url("/scheduled"))
    by_test(page, "scheduled-message-cancel-cta").click()
    expect(by_test(page, ROW)).to_have_attribute("data-state", "cancelled")
    assert gala.reservations() == [(3, 0, 3)]
    assert {row["state"] for row in gala.recipients().values()} == {"cancelled"}
    assert gala.mails() == []
    page.goto(gala.url("/audit"))
    expect(page.get_by_text("Oscar Organizer cancelled who still waited for the message").first).to_be_visible()


def _patch(gala: Gala, mailing: int, change: dict[str, Any]) -> Any:
    return gala.live.api("PATCH", f"/admin/events/{gala.id}/mailings/{mailing}", change)
