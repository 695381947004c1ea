"""The secret that signs an event's calendar links, and what became of links under one that was replaced (K3)."""

from typing import Any

import pytest

from eventmail.domain.events import calendar_address
from eventmail.domain.events.calendar_address import CalendarAddresses, opened
from eventmail.domain.terms import SendingTerms
from eventmail.errors import BadSignature, LinkReplaced, NothingToDo
from eventmail.models import AuditEntry, Event
from tests.support import seeding
from tests.support.seeding import acting

TERMS = SendingTerms("", b"s" * 32, outside=False)


def addresses(event_id: int) -> list[str]:
    """Each kind of address: the event's, and a guest's."""
    made = CalendarAddresses.of(seeding.event(event_id), TERMS)
    return [made.file(), made.page(), made.file(7), made.page(7)]


def test_K3_a_link_under_a_secret_that_was_replaced_says_so_however_long_ago(event_id: int) -> None:
    former: list[str] = []
    for _ in range(3):
        former += addresses(event_id)
        calendar_address.replace(event_id, acting())
    for link in former:
        with pytest.raises(LinkReplaced, match=r"This link was replaced\. Ask Gala Team for the new one"):
            opened(link, TERMS.secret)
    found = [opened(link, TERMS.secret) for link in addresses(event_id)]
    assert [(each.guest_id, each.is_file) for each in found] == [(None, True), (None, False), (7, True), (7, False)]
    assert len({*former, *addresses(event_id)}) == 16


def test_K3_a_link_under_a_secret_that_never_was_is_only_wrong(event_id: int) -> None:
    calendar_address.replace(event_id, acting())
    made_up = CalendarAddresses("", TERMS.secret, event_id, "never a secret")
    for link in (made_up.file(), made_up.page(7)):
        with pytest.raises(BadSignature):
            opened(link, TERMS.secret)


def test_K3_a_link_that_was_changed_is_wrong_also_when_it_was_replaced(event_id: int) -> None:
    former = addresses(event_id)[0]
    calendar_address.replace(event_id, acting())
    for changed in (former.replace("-", "-x", 1), f"{former}?x=1", former.removesuffix(".ics")):
        with pytest.raises(BadSignature):
            opened(changed, TERMS.secret)


def test_K3_the_links_of_another_event_go_on(event_id: int, add_event: Any) -> None:
    other = add_event()
    kept = addresses(other)
    calendar_address.replace(event_id, acting())
    assert {opened(link, TERMS.secret).event_id for link in kept} == {other}


def test_K3_replacing_is_in_the_log_and_changes_nothing_in_calendars(event_id: int, row: Any, rows: Any) -> None:
    before = row(Event)
    calendar_address.replace(event_id, acting())
    after = row(Event)
    kept = ("ics_uid", "ics_sequence", "updated_at")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    [entry] = rows(AuditEntry, AuditEntry.action == "event.calendar_links_replaced")
    assert (entry.event_id, entry.detail) == (event_id, {})


def test_K3_a_double_click_replaces_once(event_id: int, row: Any) -> None:
    calendar_address.replace(event_id, acting(), replaced_before=0)
    once = row(Event).ics_secret
    with pytest.raises(NothingToDo, match="replaced a moment ago"):
        calendar_address.replace(event_id, acting(), replaced_before=0)
    assert row(Event).ics_secret == once


def test_K3_a_copied_event_knows_nothing_of_the_links_of_the_first(event_id: int, add_event: Any) -> None:
    calendar_address.replace(event_id, acting())
    assert seeding.event(add_event()).retired_secrets == []
