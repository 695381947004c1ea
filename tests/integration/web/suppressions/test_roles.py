"""Whose the do-not-mail list is: an event's of whoever sees it, all events' of owners, a wish of who said it (F3)."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail.domain.people import colleagues
from eventmail.domain.suppressions import entries
from eventmail.errors import RoleTooLow
from eventmail.models import AuditEntry, Suppression
from eventmail.models.account import Role
from tests.support import seeding
from tests.support.seeding import Person
from tests.support.web import Client, error_code, words

JSON = {"Accept": "application/json"}
ADDRESS = "ana@guests.example.net"


@pytest.fixture
def boss(client_for: Callable[[Person], Client], owner: Person) -> Client:
    return client_for(owner)


@pytest.fixture
def listed(app: Flask, event_id: int, add_guest: Any, row: Any) -> Callable[[str, str], int]:
    """listed(scope, reason): the id of an entry about a guest of the event; the scope is "all" or "event"."""

    def make(scope: str, reason: str) -> int:
        add_guest(ADDRESS)
        with app.app_context():
            seeding.suppress(ADDRESS, "all" if scope == "all" else str(event_id), reason)
        made: int = row(Suppression).id
        return made

    return make


def url(event_id: int, rest: str = "") -> str:
    return f"/admin/events/{event_id}/suppressions{rest}"


# each way to write an entry for all events: path, what is sent
WRITING: dict[str, tuple[str, dict[str, Any]]] = {
    "form": ("", {"data": {"address": ADDRESS, "scope": "all"}}),
    "json": ("", {"json": {"address": ADDRESS, "scope": "all"}}),
    "pasted": ("/import", {"data": {"addresses": ADDRESS, "scope": "all"}}),
    "json import": ("/import", {"json": {"addresses": ADDRESS, "scope": "all"}}),
    "csv": ("/import?scope=all", {"data": ADDRESS.encode(), "content_type": "text/csv"}),
}


@pytest.mark.parametrize("way", WRITING)
def test_F3_nobody_but_an_owner_keeps_an_address_from_all_events(
    way: str, client: Client, api: Client, boss: Client, api_for: Any, owner: Person, event_id: int, count: Any
) -> None:
    path, sent = WRITING[way]
    form = isinstance(sent.get("data"), dict)

    def write(asking: Client, program: Client) -> Any:
        return asking.submit(url(event_id, path), sent["data"]) if form else program.post(url(event_id, path), **sent)

    refused = write(client, api)
    assert refused.status_code == 403
    assert "What is kept from all events is kept by owners. Nothing was changed." in (
        words(refused) if form else refused.json["detail"]
    )
    assert (count(Suppression), count(AuditEntry, AuditEntry.action.startswith("suppression."))) == (0, 0)
    assert write(boss, api_for(owner)).status_code in (200, 201, 303)
    assert count(Suppression, Suppression.scope == "all") == 1


def test_F3_the_default_scope_stays_the_event(api: Client, event_id: int, row: Any) -> None:
    assert api.post(url(event_id), json={"address": ADDRESS}).get_json()["scope"] == "event"
    assert (
        api.post(url(event_id, "/import"), data=b"ben@guests.example.net", content_type="text/csv").status_code == 200
    )
    assert row(Suppression, Suppression.address != ADDRESS).scope == str(event_id)


@pytest.mark.parametrize(
    ("scope", "reason", "by_organizer"),
    [
        ("event", "manual", True),
        ("event", "import", True),
        ("event", "unsubscribed", False),
        ("event", "complaint", False),
        ("all", "manual", False),
        ("all", "import", False),
        ("all", "hard_bounce", False),
        ("all", "unsubscribed", False),
        ("all", "complaint", False),
    ],
)
@pytest.mark.parametrize("way", ["form", "json"])
def test_F3_who_lifts_what(
    way: str, scope: str, reason: str, by_organizer: bool, listed: Any, client: Client, api: Client, boss: Client,
    api_for: Any, owner: Person, event_id: int, count: Any,
) -> None:  # fmt: skip
    entry = listed(scope, reason)

    def lift(asking: Client, program: Client) -> Any:
        body, path = {"reason": "She called."}, url(event_id, f"/{entry}")
        return asking.submit(path, body) if way == "form" else program.delete(path, json=body)

    tried = lift(client, api)
    assert (tried.status_code == 403, count(Suppression)) == ((False, 0) if by_organizer else (True, 1))
    if not by_organizer:
        own = "They said themselves that they want no mail."
        says = own if reason in ("unsubscribed", "complaint") else "What is kept from all events is kept by owners."
        assert says in (words(tried) if way == "form" else tried.json["detail"])
        assert lift(boss, api_for(owner)).status_code in (204, 303)
    assert count(Suppression) == 0


@pytest.mark.parametrize("reason", ["unsubscribed", "complaint"])
def test_F3_an_owner_types_a_reason_and_is_warned_what_lifting_a_wish_means(
    reason: str, listed: Any, boss: Client, event_id: int, row: Any
) -> None:
    entry = listed("all", reason)
    page = boss.get(url(event_id, f"/{entry}"))
    assert "which many laws forbid" in words(page) or "and many laws forbid it" in words(page)
    assert "they can do it themselves by the link in any mail they got" in words(page)
    refused = boss.submit(url(event_id, f"/{entry}"), {"reason": " "})
    assert (refused.status_code, error_code(refused)) == (400, ["INVALID_INPUT"])
    assert row(Suppression).reason == reason


def test_F3_the_pages_offer_only_what_is_allowed(listed: Any, client: Client, boss: Client, event_id: int) -> None:
    entry = listed("all", "manual")
    for path in ("", "/import"):
        assert ('value="all"' in client.get(url(event_id, path)).text) is False
        assert ('value="all"' in boss.get(url(event_id, path)).text) is True
    assert "Who can take it off?" in client.get(url(event_id)).text
    assert "Take off" in boss.get(url(event_id)).text
    page = client.get(url(event_id, f"/{entry}"))
    assert "What holds for all events is kept by owners." in words(page)
    assert "suppression-lift-form" not in page.text
    left_out = f"/admin/events/{event_id}/messages/exclusions?statuses=confirmed"
    assert "An owner can take them off the do-not-mail list" in words(client.get(left_out))
    assert "Take off the do-not-mail list" in words(boss.get(left_out))


@pytest.mark.usefixtures("in_app")
def test_F3_an_owner_who_is_none_any_more_by_the_time_it_is_written_is_refused(
    owner: Person, add_person: Any, event_id: int, count: Any
) -> None:
    other, by = add_person("Ora", "ora@organizers.example", Role.OWNER), seeding.acting(owner)
    colleagues.change_role(owner.id, Role.ORGANIZER, seeding.acting(other))
    with pytest.raises(RoleTooLow):
        entries.add(event_id, ADDRESS, everywhere=True, by=by)
    with pytest.raises(RoleTooLow):
        entries.import_(event_id, ADDRESS, everywhere=True, by=by)
    assert count(Suppression) == 0
