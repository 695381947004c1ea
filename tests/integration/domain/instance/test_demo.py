"""The demo: what it holds, and that repeating adds nothing."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from eventmail.db import fresh
from eventmail.domain.audience import resolve, segments
from eventmail.domain.events import edit
from eventmail.domain.guests import edit as guest_edit
from eventmail.domain.guests import filters, listing
from eventmail.domain.instance import demo
from eventmail.domain.people import accounts, api_tokens, sessions, sign_in_links, users
from eventmail.errors import BadCredentials
from eventmail.models import (
    ApiToken,
    AuditEntry,
    Design,
    DesignRevision,
    EmailEvent,
    Event,
    EventMember,
    Guest,
    GuestTag,
    SignInLink,
    Suppression,
    User,
)
from eventmail.models.account import Role
from eventmail.states import GuestStatus, Reason
from tests.support import seeding
from tests.support.time import FrozenClock
from tests.support.written import PLACE


def load(guests: int = 0) -> demo.Loaded:
    return demo.load(seeding.acting(), PLACE, guests=guests)


def invited(event_id: int) -> list[Guest]:
    return list(fresh().scalars(select(Guest).where(Guest.event_id == event_id).order_by(Guest.id)))


def reachable(event_id: int, statuses: list[str]) -> resolve.Resolution:
    return resolve.resolve(fresh(), resolve.checked(event_id, {"statuses": statuses}, outside=False))


def test_the_gala_has_43_guests_at_example_com() -> None:
    found = invited(load().event_id)
    assert len(found) == 43
    assert Counter(guest.status for guest in found) == {"confirmed": 20, "invited": 18, "declined": 5}
    assert [guest.email for guest in found if not (guest.email or "").endswith("@example.com")] == [None]


def test_20_confirmed_guests_are_19_recipients_since_two_share_an_address() -> None:
    event_id = load().event_id
    confirmed = [guest for guest in invited(event_id) if guest.status == GuestStatus.CONFIRMED]
    assert len([guest for guest in confirmed if not guest.first_name]) == 2
    assert len({guest.address for guest in confirmed}) == 19
    found = reachable(event_id, ["confirmed"])
    assert (found.count, found.excluded) == (19, {Reason.DUPLICATE_ADDRESS: 1})


def test_of_18_invited_guests_12_can_be_mailed() -> None:
    found = reachable(load().event_id, ["invited"])
    assert found.count == 12
    assert found.excluded == {Reason.NO_ADDRESS: 1, Reason.BOUNCED: 3, Reason.SUPPRESSED: 2}


def test_three_bounced_and_two_are_on_the_do_not_mail_list() -> None:
    counts = filters.counts(load().event_id)
    assert counts[filters.Filter.BOUNCED] == 3
    assert counts[filters.Filter.SUPPRESSED] == 2


def test_behind_every_bounce_stands_the_report_of_the_mail_service() -> None:
    load()
    bounced = set(fresh().scalars(select(Suppression.address).where(Suppression.reason == "hard_bounce")))
    assert set(fresh().scalars(select(EmailEvent.address).where(EmailEvent.kind == "bounce"))) == bounced


def test_the_do_not_mail_list_holds_for_the_whole_installation_and_its_bounces_in_practice_mode() -> None:
    load()
    found = fresh().execute(select(Suppression.reason, Suppression.scope).distinct()).all()
    assert {tuple(row) for row in found} == {("hard_bounce", "practice"), ("manual", "all")}


def test_six_guests_who_can_be_mailed_are_vip() -> None:
    event_id = load().event_id
    tagged = select(Guest).join(GuestTag, GuestTag.guest_id == Guest.id).where(GuestTag.tag == "vip")
    vip = list(fresh().scalars(tagged))
    listed = set(fresh().scalars(select(Suppression.address)))
    assert len(vip) == len({guest.address for guest in vip}) == 6
    assert all(guest.event_id == event_id and guest.address and guest.address not in listed for guest in vip)


def test_its_segments_are_vip_with_six_guests_who_can_be_mailed_and_nobody() -> None:
    event_id = load().event_id
    found = {segment.name: (segment.id, segment.count) for segment in segments.everyone(event_id)}
    assert {name: count for name, (_, count) in found.items()} == {"VIP": 6, "Nobody": 0}
    for name, count in (("VIP", 6), ("Nobody", 0)):
        picked = resolve.checked(event_id, {"segments": [str(found[name][0])]}, outside=False)
        assert (resolve.resolve(fresh(), picked).count, resolve.resolve(fresh(), picked).excluded) == (count, {})


def test_repeating_brings_no_segment_twice_and_none_back_that_was_removed() -> None:
    event_id = load().event_id
    vip, by = next(found.id for found in segments.everyone(event_id) if found.name == "VIP"), seeding.acting()
    segments.edit(event_id, vip, {"name": "Friends"}, by)
    segments.remove(event_id, next(found.id for found in segments.everyone(event_id) if found.name == "Nobody"), by)
    load()
    assert [found.name for found in segments.everyone(event_id)] == ["Friends"]


def test_a_demo_of_before_there_were_segments_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(demo, "SEGMENTS", {})
        before.setattr(demo, "_schedule", lambda *_: None)
        event_id = load().event_id
    assert segments.everyone(event_id) == []
    load()
    assert [found.name for found in segments.everyone(event_id)] == ["Nobody", "VIP"]


def test_names_of_many_kinds_and_two_columns_are_there_to_try_merge_fields_on() -> None:
    event_id = load().event_id
    names = " ".join(guest.full_name for guest in invited(event_id))
    assert all(sign in names for sign in ("'", "ü", "כ", "美"))
    assert guest_edit.columns(event_id) == ["company", "dietary"]
    assert {bool(guest.attributes.get("dietary")) for guest in invited(event_id)} == {True, False}


@pytest.mark.parametrize("now", [datetime(2026, 1, 5, 12, 0, tzinfo=UTC), datetime(2026, 3, 29, 23, 30, tzinfo=UTC)])
def test_the_gala_is_60_days_ahead_at_six_in_the_evening_in_berlin(now: datetime) -> None:
    event_id = demo.load(replace(seeding.acting(), now=now), PLACE).event_id
    event = fresh().get_one(Event, event_id)
    assert event.timezone == "Europe/Berlin"
    assert event.starts_at
    assert event.ends_at
    assert (event.starts_at.date() - now.astimezone(event.zone).date()).days == 60
    assert (event.starts_at.hour, event.ends_at.hour) == (18, 23)
    assert all((event.location, event.description, event.url, event.sender_name, event.ics_secret))
    assert not event.restricted


def test_its_organizer_is_a_plain_one_and_does_not_see_the_other_team_s_event() -> None:
    loaded = load()
    organizer = users.find(loaded.email)
    assert organizer
    assert organizer.role == Role.ORGANIZER
    assert [event.id for event in fresh().scalars(edit.visible_to(organizer))] == [loaded.event_id]


def test_the_other_team_sees_its_restricted_event_and_has_guests() -> None:
    loaded = load()
    other = fresh().scalars(select(Event).where(Event.id != loaded.event_id)).one()
    member = fresh().scalars(select(User).join(EventMember).where(EventMember.event_id == other.id)).one()
    assert other.restricted
    assert edit.visible(other.id, member).id == other.id
    assert invited(other.id)


def test_password_token_and_link_let_the_organizer_in() -> None:
    loaded = load()
    by = seeding.acting()
    for session in (accounts.sign_in(loaded.email, loaded.password, by), sign_in_links.open_(loaded.link, by)):
        found = sessions.find(session, by.now)
        assert found
        assert found.user.email == loaded.email
    bearer = api_tokens.find(loaded.token, seeding.acting().now)
    assert bearer
    assert bearer.user.email == loaded.email


def rows() -> dict[str, int]:
    tables = (User, Event, EventMember, Guest, GuestTag, Suppression, EmailEvent, Design, DesignRevision)
    return {table.__name__: fresh().scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def test_repeating_adds_nothing_but_a_password_a_token_and_a_link() -> None:
    first = load()
    before = rows()
    again = load()
    assert rows() == before
    assert (again.event_id, again.email, again.added) == (first.event_id, first.email, 0)
    assert {again.password, again.token, again.link}.isdisjoint({first.password, first.token, first.link})
    with pytest.raises(BadCredentials):
        accounts.sign_in(first.email, first.password, seeding.acting())
    assert api_tokens.find(first.token, seeding.acting().now), "a program that holds the earlier token goes on"


def test_repeating_finds_the_gala_under_another_name_and_leaves_its_guests_alone() -> None:
    loaded = load()
    edit.edit(loaded.event_id, {"title": "Summer Gala"}, seeding.acting())
    guest_edit.delete(loaded.event_id, invited(loaded.event_id)[0].id, seeding.acting())
    again = load()
    assert (again.event_id, again.added) == (loaded.event_id, 0)
    assert len(invited(loaded.event_id)) == 42


def test_it_loads_beside_an_event_and_a_do_not_mail_list_of_one_s_own(
    event_id: int, writing: Callable[..., Any]
) -> None:
    with writing() as tx:
        tx.add(
            Suppression(
                address="viktor.horvath@example.com", scope="all", reason="complaint", source="import",
                created_by=None, created_at=seeding.acting().now,
            )
        )  # fmt: skip
    assert load().event_id != event_id
    listed = select(Suppression.reason).where(Suppression.address == "viktor.horvath@example.com")
    assert list(fresh().scalars(listed)) == ["complaint"]


def test_guests_beyond_the_43_are_confirmed_and_have_addresses_of_their_own() -> None:
    loaded = load(30)
    more = [guest for guest in invited(loaded.event_id) if (guest.address or "").startswith("guest")]
    assert loaded.added == 43 + 30
    assert [guest.email for guest in more] == [f"guest{n}@example.com" for n in range(1, 31)]
    assert {guest.status for guest in more} == {GuestStatus.CONFIRMED}
    assert reachable(loaded.event_id, ["confirmed"]).count == 19 + 30


@pytest.mark.parametrize(("first", "then", "added"), [(20, 20, 0), (20, 5, 0), (5, 20, 15), (0, 3, 3)])
def test_asking_for_so_many_guests_again_adds_only_those_that_are_missing(first: int, then: int, added: int) -> None:
    load(first)
    assert load(then).added == added


def test_a_guest_of_the_crowd_is_found_like_any_other() -> None:
    event_id = load(12).event_id
    found = listing.listing(event_id, q="guest7@example.com").items
    assert [guest.email for guest in found] == ["guest7@example.com"]


def test_loading_is_in_the_log(clock: FrozenClock) -> None:
    loaded = load(7)
    entry = fresh().scalars(select(AuditEntry).where(AuditEntry.action == "demo.loaded")).one()
    assert (entry.actor, entry.event_id, entry.detail) == ("cli", loaded.event_id, {"guests": 50})
    assert entry.at == clock.now()


def test_a_load_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> int:
        raise RuntimeError

    monkeypatch.setattr(demo, "_crowd", broken)
    with pytest.raises(RuntimeError):
        load(3)
    assert set(rows().values()) == {0}
    for table in (ApiToken, SignInLink):
        assert fresh().scalar(select(func.count()).select_from(table)) == 0


def test_a_start_signs_in_the_demo_s_organizer_else_the_first_owner_else_nobody() -> None:
    assert demo.guide() is None
    seeding.add_person("Olive Owner", "olive@organizers.example", Role.OWNER)
    seeding.add_person("Otto Owner", "otto@organizers.example", Role.OWNER)
    assert demo.guide() == "olive@organizers.example"
    load()
    assert demo.guide() == "demo@example.com"
