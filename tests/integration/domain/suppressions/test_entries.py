"""The do-not-mail list: who sees which entry, what adding, lifting and importing change (F1, F3)."""

from collections.abc import Callable
from typing import Any

import pytest

from eventmail.db import fresh, transaction
from eventmail.domain.suppressions import entries
from eventmail.errors import InvalidInput, NotFound, TooLarge
from eventmail.models import EVERYWHERE, AuditEntry, Suppression, User
from eventmail.states import SuppressionReason
from tests.support import seeding
from tests.support.seeding import Person

ADDRESS = "ana@guests.example.net"


@pytest.fixture(autouse=True)
def _in_app(in_app: object) -> None:
    pass


def user(person: Person) -> User:
    return fresh().get_one(User, person.id)


def entry(address: str, scope: str, created_by: int | None = None) -> int:
    with transaction() as tx:
        made = Suppression(
            address=address, scope=scope, reason=SuppressionReason.HARD_BOUNCE, source="smtp", created_by=created_by,
            created_at=seeding.acting().now,
        )  # fmt: skip
        tx.add(made)
        tx.flush()
        return made.id


def shown(event_id: int, person: Person, **narrowed: Any) -> list[str]:
    return [row.address for row in fresh().scalars(entries.listed(event_id, user(person), **narrowed))]


def test_F3_a_page_never_shows_addresses_of_events_one_cannot_see(
    event_id: int, add_event: Callable[..., int], add_guest: Callable[..., int], organizer: Person, owner: Person
) -> None:
    foreign = add_event(by=owner, restricted=True)
    add_guest(ADDRESS)
    seeding.add_guest(foreign, "secret@guests.example.net")
    entry(ADDRESS, EVERYWHERE)
    hidden = entry("secret@guests.example.net", EVERYWHERE)
    entry("unsubscribed@guests.example.net", str(foreign))
    entry("mine@guests.example.net", EVERYWHERE, created_by=organizer.id)
    entry("here@guests.example.net", str(event_id))

    assert shown(event_id, organizer) == ["here@guests.example.net", "mine@guests.example.net", ADDRESS]
    assert entries.counts(event_id, user(organizer)) == {SuppressionReason.HARD_BOUNCE: 3}
    with pytest.raises(NotFound):
        entries.find(event_id, hidden, user(organizer))
    with pytest.raises(NotFound):
        entries.lift(event_id, hidden, "I know them", user(organizer), seeding.acting(organizer))
    assert shown(event_id, owner) == [
        "here@guests.example.net", "mine@guests.example.net", "secret@guests.example.net", ADDRESS,
    ]  # fmt: skip


def test_F3_search_and_reason_narrow_the_list_and_a_percent_sign_is_a_letter(event_id: int, organizer: Person) -> None:
    entry("100%@guests.example.net", str(event_id))
    entry("plain@guests.example.net", str(event_id))
    assert shown(event_id, organizer, q="0%@") == ["100%@guests.example.net"]
    assert shown(event_id, organizer, q="PLAIN") == ["plain@guests.example.net"]
    assert shown(event_id, organizer, reason=SuppressionReason.MANUAL) == []


def test_F1_adding_by_hand_asks_for_the_scope_and_is_audited(event_id: int, owner: Person) -> None:
    by = seeding.acting(owner)
    here, new_here = entries.add(event_id, "  Ana@Guests.Example.NET ", everywhere=False, by=by)
    everywhere, new_everywhere = entries.add(event_id, ADDRESS, everywhere=True, by=by)
    again, new_again = entries.add(event_id, ADDRESS.upper(), everywhere=True, by=by)

    assert (new_here, new_everywhere, new_again) == (True, True, False)
    assert [(found.address, found.scope, found.reason) for found in (here, everywhere)] == [
        (ADDRESS, str(event_id), "manual"),
        (ADDRESS, "all", "manual"),
    ]
    assert again.id == everywhere.id
    log = fresh().query(AuditEntry).filter_by(action="suppression.added").all()
    assert [(line.subject, line.detail) for line in log] == [
        (f"address:{ADDRESS}", {"scope": "event"}),
        (f"address:{ADDRESS}", {"scope": "all"}),
    ]


@pytest.mark.parametrize("email", ["", "ana", "a@b@c.example", "x" * 400 + "@example.net"])
def test_F3_what_is_no_address_is_refused(event_id: int, organizer: Person, email: str) -> None:
    with pytest.raises(InvalidInput):
        entries.add(event_id, email, everywhere=False, by=seeding.acting(organizer))
    assert fresh().query(Suppression).count() == 0


@pytest.mark.parametrize("reason", ["", "   ", "\n\t", "x" * 501])
def test_F3_nobody_leaves_the_list_without_a_typed_reason(event_id: int, organizer: Person, reason: str) -> None:
    listed = entry(ADDRESS, str(event_id))
    with pytest.raises(InvalidInput):
        entries.lift(event_id, listed, reason, user(organizer), seeding.acting(organizer))
    assert shown(event_id, organizer) == [ADDRESS]


def test_F3_lifting_says_in_the_log_what_was_lifted_and_why(event_id: int, organizer: Person) -> None:
    listed = entry(ADDRESS, str(event_id))
    by = seeding.acting(organizer)
    assert entries.lift(event_id, listed, " She  called ", user(organizer), by) == ADDRESS
    assert shown(event_id, organizer) == []
    line = fresh().query(AuditEntry).filter_by(action="suppression.lifted").one()
    assert (line.subject, line.event_id, line.detail["why"], line.detail["before"]["reason"]) == (
        f"address:{ADDRESS}", event_id, "She called", "hard_bounce",
    )  # fmt: skip


def test_F3_an_import_only_adds_the_first_address_of_each_line(event_id: int, organizer: Person) -> None:
    entry("known@guests.example.net", str(event_id))
    text = (
        "\ufeffAddress;Why\r\n"
        "Known@guests.example.net;was here\r\n"
        '"Ben, B" <ben@guests.example.net>;he@asked.example\r\n'
        "mailto:cara@guests.example.net\n"
        "ben@GUESTS.example.net\n"
        "\n"
        "nobody\n"
        "broken@@guests.example.net\n"
    )
    report = entries.import_(event_id, text, everywhere=False, by=seeding.acting(organizer))
    assert (report.added, report.known, report.rejected_count) == (2, 1, 2)
    assert [(row.line, row.text) for row in report.rejected] == [(7, "nobody"), (8, "broken@@guests.example.net")]
    assert shown(event_id, organizer) == [
        "cara@guests.example.net", "ben@guests.example.net", "known@guests.example.net",
    ]  # fmt: skip
    assert fresh().query(Suppression.reason).filter_by(address="known@guests.example.net").scalar() == "hard_bounce"
    again = entries.import_(event_id, text, everywhere=False, by=seeding.acting(organizer))
    assert (again.added, again.known) == (0, 3)
    assert fresh().query(AuditEntry).filter_by(action="suppression.imported").count() == 1


@pytest.mark.parametrize("text", ["", "\n\n", "no address here", "\0\0\0", "PNG\r\n\x1a"])
def test_F3_an_import_without_an_address_changes_nothing(event_id: int, organizer: Person, text: str) -> None:
    with pytest.raises(InvalidInput):
        entries.import_(event_id, text, everywhere=False, by=seeding.acting(organizer))


def test_F3_an_import_has_a_limit(event_id: int, organizer: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "MOST_ADDRESSES", 2)
    text = "\n".join(f"g{number}@guests.example.net" for number in range(3))
    with pytest.raises(TooLarge):
        entries.import_(event_id, text, everywhere=False, by=seeding.acting(organizer))
    assert fresh().query(Suppression).count() == 0
