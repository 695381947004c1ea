"""What a copied event takes along of its scheduled messages (H6a)."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select, update

from eventmail.db import fresh, transaction
from eventmail.domain.audience import segments
from eventmail.domain.designs import lifecycle as designs
from eventmail.domain.events import copy
from eventmail.domain.guests import values
from eventmail.domain.mailings import control, copied_plans, drafts
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.send_time import Plan
from eventmail.models import AuditEntry, Content, Guest, Job, Mailing, Recipient, Reservation, Schedule
from eventmail.states import AudienceMode, MailingKind
from tests.integration.domain.mailings.schedule.conftest import PLAN, SEND_AT, Planned
from tests.support.time import FrozenClock
from tests.support.web import Client, words

EVE = {"anchor": "starts", "days": -1, "at": "18:00"}
THANKS = {"anchor": "ends", "hours": 2}
RELATIVE = Plan(relative=EVE)


def copied(party: Planned) -> tuple[int, list[drafts.Shown]]:
    """The copy of the party, and its drafts in the order they were made."""
    made = copy.copy(party.event_id, {}, party.acting(), copied_plans.copy, designs.copy_all)
    found = [drafts.shown(row) for row in fresh().execute(drafts.newest_first(made.event_id)).all()]
    assert (made.plans, copied_plans.count(party.event_id)) == (len(found), len(found))
    return made.event_id, sorted(found, key=lambda draft: draft.id)


def test_H6a_a_relative_message_comes_along_as_a_planned_draft_of_the_copier(party: Planned) -> None:
    text = Text("<b>Coats</b> {guest.firstName}", "Dress", "Bring a coat")
    party.plan(replace(RELATIVE, audience_mode=AudienceMode.EXACT), text=text)
    _, [draft] = copied(party)
    assert (draft.text, draft.plan, draft.author) == (
        text, Plan(relative=EVE, audience_mode=AudienceMode.EXACT), party.by.name,
    )  # fmt: skip
    assert draft.audience == {"statuses": ["confirmed"], "segments": [], "guests": [], "exclude_segments": []}
    begun = select(AuditEntry.actor, AuditEntry.subject).where(AuditEntry.action == "draft.begun")
    assert [tuple(row) for row in fresh().execute(begun)] == [(party.by.name, f"mailing:{draft.id}")]


def test_G26_nothing_of_a_copy_is_scheduled_missed_or_sent(party: Planned, now: FrozenClock) -> None:
    party.plan(key="missed", plan=replace(RELATIVE, relative={"anchor": "starts", "days": -3}))
    party.plan(key="absolute")
    now.set(SEND_AT + timedelta(hours=2))
    party.start()
    party.plan(key="to come", plan=Plan(relative=THANKS))
    before = {model: fresh().scalar(select(func.count()).select_from(model)) for model in
              (Schedule, Recipient, Reservation, Job, Content)}  # fmt: skip

    event_id, found = copied(party)

    assert [draft.plan for draft in found] == [Plan(relative={"anchor": "starts", "days": -3}), Plan(relative=THANKS)]
    states = select(Mailing.state, Mailing.send_at, Mailing.content_id).where(Mailing.event_id == event_id)
    assert [tuple(row) for row in fresh().execute(states)] == [("draft", None, None)] * 2
    after = {model: fresh().scalar(select(func.count()).select_from(model)) for model in before}
    assert after == before
    assert fresh().scalars(select(Guest.id).where(Guest.event_id == event_id)).all() == []


def test_H6a_what_went_out_last_year_comes_along_and_what_was_cancelled_does_not(
    party: Planned, now: FrozenClock
) -> None:
    party.plan(RELATIVE, key="out", text=Text("Out", "", "a"))
    gone = party.plan(RELATIVE, key="gone", text=Text("Gone", "", "a"))
    control.cancel(gone.event_id, gone.id, gone.acting())
    now.set(SEND_AT)
    party.start()
    _, [draft] = copied(party)
    assert draft.text.subject == "Out"


def test_H6a_a_planned_draft_comes_along_when_it_is_relative(party: Planned) -> None:
    for plan in (Plan(relative=THANKS), PLAN, Plan(audience_mode=AudienceMode.EXACT), None):
        written = drafts.Written(Text("Half a text {guest.frist", "", ""), {}, plan)
        drafts.save(party.event_id, DraftVersion(), written, party.acting())
    _, [draft] = copied(party)
    assert (draft.text.subject, draft.plan, draft.revision) == ("Half a text {guest.frist", Plan(relative=THANKS), 1)


def test_H6a_the_audience_of_the_draft_names_the_segments_of_the_copy_and_no_guests(party: Planned) -> None:
    with transaction() as tx:
        values.record_columns(tx, party.event_id, ["Table"])
    guest = str(fresh().scalars(select(Guest.id)).first())
    by = party.acting()
    rule = {"any": [{"field": "status", "op": "is", "value": "confirmed"}]}
    with transaction() as tx:
        sevens, tens = (segments.add(tx, party.event_id, {"name": name, "rule": rule}, by) for name in ("7", "10"))
        friends = segments.add(tx, party.event_id, {"name": "Friends", "guests": [guest]}, by)
    asked = {"statuses": ["invited"], "segments": [str(sevens), str(friends)], "guests": [guest],
             "exclude_segments": [str(tens)]}  # fmt: skip
    with transaction() as tx:
        tx.execute(update(Guest).values(status="invited"))
    party.plan(RELATIVE, audience={**asked, "exclude_segments": []})
    drafts.save(party.event_id, DraftVersion(), drafts.Written(Text("a", "", ""), asked, RELATIVE), by)

    event_id, found = copied(party)

    new = {segment.name: str(segment.id) for segment in segments.everyone(event_id)}
    of_copy = {"statuses": ["invited"], "segments": [new["7"]], "guests": [], "exclude_segments": []}
    assert [draft.audience for draft in found] == [of_copy, of_copy | {"exclude_segments": [new["10"]]}]
    assert set(new.values()).isdisjoint({str(sevens), str(tens), str(friends)})


def test_H6a_the_page_says_before_and_after_that_nothing_goes_out_by_itself(party: Planned, client: Client) -> None:
    url = f"/admin/events/{party.event_id}/copy"
    assert "counted from the event" not in words(client.get(url))
    assert "No guests, no messages and nothing" in words(client.get(url))
    party.plan(RELATIVE)
    page = words(client.get(url))
    said = (
        "1 message that is counted from the event, as a planned draft; nothing of that goes out before you schedule it"
    )
    assert (said in page, "No guests, no other messages and nothing" in page) == (True, True)

    answer = client.submit(url, {"title": "Gala 2028", "timezone": "Europe/Berlin"})

    after = words(client.get(answer.location or ""))
    assert "1 planned draft came along; nothing of that goes out before you schedule it." in after


def test_an_event_without_plans_says_nothing_of_them_when_it_is_copied(party: Planned, client: Client) -> None:
    party.plan()
    answer = client.submit(f"/admin/events/{party.event_id}/copy", {"title": "Gala 2028", "timezone": "Europe/Berlin"})
    assert "Nobody is on its guest list yet." in words(client.get(answer.location or ""))
    assert "planned draft" not in words(client.get(answer.location or ""))


def test_a_calendar_mail_comes_along_as_one_planned_or_scheduled(party: Planned) -> None:
    party.plan(RELATIVE, kind=MailingKind.CALENDAR)
    party.plan(RELATIVE, key="k2")
    written = drafts.Written(Text("s", "", "b"), {}, RELATIVE, kind=MailingKind.CALENDAR)
    drafts.save(party.event_id, DraftVersion(page="p"), written, party.acting())
    _, found = copied(party)
    assert [draft.kind for draft in found] == [MailingKind.CALENDAR, MailingKind.ONE_TIME, MailingKind.CALENDAR]
