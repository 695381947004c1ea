"""Retry on transient failure, of a message with a design, with a real mail server."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.designs.page.steps import made, open_
from tests.browser.postbox import Postbox
from tests.browser.steps import TRACKED, Gala, body, by_test


@pytest.fixture
def gala(posted_gala: Gala) -> Gala:
    return posted_gala


def test_S4_retry_on_transient_failure_uses_the_same_key_and_delivers_once(
    page: Page, gala: Gala, box: Postbox
) -> None:
    """Trigger: the mail service fails for the moment. Resolution: the same key, at most one mail."""
    again = f"again{gala.id}@guests.example.net"  # refused with 451 at its first try
    gala.add_guests([{"email": again, "first_name": "Ana"}])
    design = made(gala, publish=True)
    open_(page, gala, design)
    by_test(page, "email-design-use-published").click()
    steps.pick(page, ["Confirmed"])
    tracker = steps.send(page)
    steps.finished(page)
    expect(tracker.get_by_role("heading")).to_have_text("Finished")
    expect(by_test(page, TRACKED)).to_be_visible()
    offered = [mail for address, mail in box.offered if address == again]
    key = f"{gala.mailings()[0]['key']}-{gala.recipients()[again]['id']}"
    assert [mail["X-Eventmail-Id"] for mail in offered] == [key, key]
    assert [str(mail["Message-ID"]).partition("@")[0] for mail in offered] == [f"<{key}", f"<{key}"]
    assert box.to(again) == [again]
    assert (str(offered[1]["Subject"]), body(offered[1]).partition("\n")[0]) == ("Hi Ana", "Come to Fixture Gala.")
    assert gala.reservations() == [(1, 1, 0)]
