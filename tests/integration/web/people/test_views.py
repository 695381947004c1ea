"""The page of colleagues: for owners alone, links shown once, and who is removed is out."""

import re
from typing import Any

import pytest
from flask import Flask

from eventmail.models import Invitation, LoginSession, User
from eventmail.models.account import Role
from tests.support import seeding
from tests.support.seeding import PASSWORD, Person
from tests.support.time import FrozenClock
from tests.support.web import Client, csrf_token_in, error_code

PEOPLE = "/admin/people"
JSON = {"Accept": "application/json"}
AWKWARD = "שלום <b>Bo</b> " + "x" * 80


@pytest.fixture
def boss(client_for: Any, owner: Person) -> Client:
    """A browser in which the owner is signed in."""
    made: Client = client_for(owner)
    return made


def path_in(page: str) -> str:
    """The path of the link that a page shows."""
    found = re.search(r'data-test="new-link-text">http://127\.0\.0\.1:8000([^<]+)<', page)
    assert found, "no link on the page"
    return found[1]


def invite(boss: Any, email: str = "ada@organizers.example", role: str = "organizer") -> str:
    """Invite somebody as the page does: the path of the link."""
    answer = boss.submit(f"{PEOPLE}/invitations", {"email": email, "role": role})
    assert (answer.status_code, answer.location) == (303, PEOPLE)
    return path_in(boss.get(PEOPLE).text)


def test_an_invited_colleague_joins_by_the_link(boss: Any, visitor: Any, rows: Any) -> None:
    link = invite(boss)
    page = visitor.get(link)
    assert "Join your team" in page.text
    assert 'value="ada@organizers.example"' in page.text
    joined = visitor.post(
        link, data={"csrf_token": csrf_token_in(page), "name": "Ada", "email": "eve@x.example", "password": PASSWORD}
    )
    assert (joined.status_code, joined.location) == (303, "/admin/events")
    assert [(row.name, row.email, row.role) for row in rows(User)][1:] == [
        ("Ada", "ada@organizers.example", "organizer")
    ]
    assert visitor.get("/admin/events").status_code == 200
    assert error_code(visitor.get(link)) == ["LINK_EXPIRED"]


def test_a_link_is_shown_once(boss: Any, organizer: Person) -> None:
    invite(boss)
    assert "new-link-text" not in boss.get(PEOPLE).text
    boss.submit(f"{PEOPLE}/{organizer.id}/sign-in-links")
    assert "One-time sign-in link for oscar@organizers.example" in boss.get(PEOPLE).text
    assert "new-link-text" not in boss.get(PEOPLE).text


def test_the_form_to_join_keeps_what_was_typed(boss: Any, visitor: Any, count: Any) -> None:
    link = invite(boss)
    answer = visitor.submit(link, {"name": AWKWARD, "email": "", "password": "short"})
    assert answer.status_code == 400
    assert "Use at least 12 characters." in answer.text
    assert "&lt;b&gt;Bo&lt;/b&gt;" in answer.text
    assert 'value="ada@organizers.example"' in answer.text
    assert count(User) == 1


def test_looking_at_an_invitation_spends_nothing(boss: Any, visitor: Any, count: Any) -> None:
    link = invite(boss)
    for _ in range(3):
        assert visitor.get(link).status_code == 200
    assert count(Invitation) == 1


def test_pending_invitations_are_listed_renewed_and_taken_back(
    boss: Any, visitor: Any, clock: FrozenClock, row: Any, client_for: Any, owner: Person
) -> None:
    first = invite(boss)
    clock.advance(days=7)
    boss = client_for(owner)
    assert "Too old" in boss.get(PEOPLE).text
    second = invite(boss)
    assert error_code(visitor.get(first)) == ["LINK_EXPIRED"]
    assert visitor.get(second).status_code == 200
    assert boss.submit(f"{PEOPLE}/invitations/{row(Invitation).id}/revocation").location == PEOPLE
    page = boss.get(PEOPLE).text
    assert "The invitation is taken back." in page
    assert "invitation-row" not in page
    assert error_code(visitor.get(second)) == ["LINK_EXPIRED"]


@pytest.mark.parametrize(
    ("form", "code", "words"),
    [
        ({"email": "ada", "role": "owner"}, "INVALID_INPUT", "“ada” is not an email address"),
        ({"email": "oscar@organizers.example", "role": "owner"}, "ALREADY_REGISTERED", "is the address of a colleague"),
        ({"email": "ada@x.example", "role": "king"}, "INVALID_INPUT", "role"),
        ({"role": "owner"}, "INVALID_INPUT", "Please fill this in."),
    ],
)
def test_an_invitation_that_cannot_be_keeps_what_was_typed(
    boss: Any, organizer: Person, form: dict[str, str], code: str, words: str, count: Any
) -> None:
    answer = boss.submit(f"{PEOPLE}/invitations", form)
    assert error_code(answer)[0] == code
    assert words in answer.text
    assert f'value="{form.get("email", "")}"' in answer.text
    assert count(Invitation) == 0


def test_an_organizer_reads_403_in_words_on_every_page_of_owners(
    client: Any, api: Any, owner: Person, organizer: Person, boss: Any, rows: Any
) -> None:
    invite(boss)
    invitation = rows(Invitation)[0].id
    for path in (PEOPLE, f"{PEOPLE}/invitations", f"{PEOPLE}/{owner.id}/removal"):
        page, data = client.get(path), client.get(path, headers=JSON)
        assert (page.status_code, error_code(page)) == (403, ["ROLE_TOO_LOW"])
        assert "Only an owner sees this page and changes it." in page.text
        assert (data.status_code, data.json["code"]) == (403, "ROLE_TOO_LOW")
        assert api.get(path).status_code == 403
        assert "olive@organizers.example" not in page.text + data.text
    posts = {
        f"{PEOPLE}/invitations": {"email": "eve@x.example", "role": "owner"},
        f"{PEOPLE}/invitations/{invitation}/revocation": {},
        f"{PEOPLE}/{organizer.id}/role": {"role": "owner"},
        f"{PEOPLE}/{owner.id}/sign-in-links": {},
        f"{PEOPLE}/{owner.id}/removal": {},
    }
    for path, form in posts.items():
        answer = client.submit(path, form)
        assert (path, answer.status_code, error_code(answer)) == (path, 403, ["ROLE_TOO_LOW"])
    assert sorted((row.role, row.removed_at) for row in rows(User)) == [("organizer", None), ("owner", None)]
    assert len(rows(Invitation)) == 1


def test_an_owners_token_reads_and_changes_nobody(api_for: Any, owner: Person, organizer: Person, rows: Any) -> None:
    api = api_for(owner)
    assert [item["email"] for item in api.get(PEOPLE).json["items"]] == [
        "olive@organizers.example", "oscar@organizers.example",
    ]  # fmt: skip
    for path, body in (
        ("invitations", {"email": "eve@x.example", "role": "owner"}),
        ("invitations/1/revocation", {}),
        (f"{organizer.id}/role", {"role": "owner"}),
        (f"{organizer.id}/sign-in-links", {}),
        (f"{organizer.id}/removal", {}),
    ):
        answer = api.post(f"{PEOPLE}/{path}", json=body)
        assert (path, answer.status_code, answer.json["code"]) == (path, 403, "NOT_BY_TOKEN")
    assert [(row.role, row.removed_at) for row in rows(User)] == [("owner", None), ("organizer", None)]
    assert rows(Invitation) == []


def test_a_role_is_changed_on_the_page(boss: Any, client: Any, organizer: Person, rows: Any) -> None:
    answer = boss.submit(f"{PEOPLE}/{organizer.id}/role", {"role": "owner"})
    assert answer.location == PEOPLE
    assert "Oscar Organizer is now an owner and signs in again." in boss.get(PEOPLE).text
    assert rows(User)[1].role == Role.OWNER
    assert client.get("/admin/events").status_code == 303


def test_the_last_owner_reads_why_not(boss: Any, owner: Person, rows: Any) -> None:
    for path, form in ((f"{PEOPLE}/{owner.id}/role", {"role": "organizer"}), (f"{PEOPLE}/{owner.id}/removal", {})):
        answer = boss.submit(path, form)
        assert (answer.status_code, error_code(answer)) == (409, ["LAST_OWNER"])
        assert "make somebody else an owner first" in answer.text
    assert [(row.role, row.removed_at) for row in rows(User)] == [("owner", None)]


def test_a_sign_in_link_leads_to_the_account_and_a_new_password(boss: Any, visitor: Any, organizer: Person) -> None:
    boss.submit(f"{PEOPLE}/{organizer.id}/sign-in-links")
    answer = visitor.press(path_in(boss.get(PEOPLE).text))
    assert answer.location == "/admin/account"
    page = visitor.get(answer.location)
    assert "You came in by a one-time link" in page.text
    assert "old_password" not in page.text
    visitor.submit("/admin/account/password", {"password": "another long password"})
    assert "old_password" in visitor.get("/admin/account").text
    fresh = visitor.application.test_client()
    signed = Client.submit(fresh, "/sign-in", {"email": organizer.email, "password": "another long password"})
    assert signed.status_code == 303


def test_removal_asks_first_and_then_ends_everything_at_once(
    boss: Any, client: Any, api: Any, organizer: Person, event_id: int, app: Flask
) -> None:
    confirmation = boss.get(f"{PEOPLE}/{organizer.id}/removal")
    assert "Remove this colleague?" in confirmation.text
    assert "What they wrote and sent stays, under their name. To bring them back, invite the same" in confirmation.text
    assert client.get("/admin/events").status_code == 200
    answer = boss.submit(f"{PEOPLE}/{organizer.id}/removal")
    assert answer.location == PEOPLE
    assert "Oscar Organizer is removed and out at once." in boss.get(PEOPLE).text
    gets = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/admin/") and "GET" in (rule.methods or ()) and rule.arguments <= {"event_id"}
    ]
    assert len(gets) > 10
    for path in (rule.replace("<id:event_id>", str(event_id)) for rule in gets):
        page, data, token = client.get(path), client.get(path, headers=JSON), api.get(path)
        assert (path, page.status_code, page.location.partition("?")[0]) == (path, 303, "/sign-in")
        assert (path, data.status_code, token.status_code) == (path, 401, 401)


def test_the_pages_of_nobody_and_of_who_left_are_not_found(boss: Any, organizer: Person) -> None:
    boss.submit(f"{PEOPLE}/{organizer.id}/removal")
    for path in (f"{PEOPLE}/{organizer.id}/removal", f"{PEOPLE}/99/removal", f"{PEOPLE}/abc/removal"):
        assert boss.get(path).status_code == 404
    for path in (f"{PEOPLE}/{organizer.id}/role", f"{PEOPLE}/99/sign-in-links", f"{PEOPLE}/invitations/9/revocation"):
        assert boss.submit(path, {"role": "owner"}).status_code == 404


def test_the_page_asks_as_much_for_three_as_for_one(boss: Any, add_person: Any, count_queries: Any, app: Flask) -> None:
    add_person(AWKWARD, "bo@organizers.example")
    invite(boss)
    with count_queries() as few:
        boss.get(PEOPLE)
    for n in range(3):
        add_person(f"Ada {n}", f"ada{n}@organizers.example")
    for n in range(3):
        invite(boss, f"eve{n}@organizers.example")
    with count_queries() as many:
        page = boss.get(PEOPLE).text
    assert len(few) == len(many)
    assert "&lt;b&gt;Bo&lt;/b&gt;" in page
    assert "<b>Bo" not in page


def test_json_of_an_owner_in_a_browser_invites_and_lists(boss: Any, rows: Any) -> None:
    headers = {**JSON, "X-CSRFToken": boss.csrf_token()}
    made = boss.post(f"{PEOPLE}/invitations", json={"email": "ada@x.example", "role": "owner"}, headers=headers)
    assert made.status_code == 201
    assert sorted(made.json) == ["email", "expires_at", "id", "role", "url"]
    listed = boss.get(f"{PEOPLE}/invitations", headers=JSON).json
    assert (listed["total"], listed["items"][0]["invited_by"], "url" in listed["items"][0]) == (1, "Olive Owner", False)
    again = boss.post(f"{PEOPLE}/invitations/{made.json['id']}/revocation", headers=headers)
    assert (again.status_code, rows(Invitation)) == (204, [])


def test_the_navigation_shows_people_to_owners_alone(boss: Any, client: Any) -> None:
    assert 'href="/admin/people"' in boss.get("/admin/events").text
    page = client.get("/admin/events").text
    assert ('href="/admin/people"' in page, 'href="/admin/account"' in page) == (False, True)


def test_a_membership_does_not_outlive_a_removal(
    boss: Any, client_for: Any, organizer: Person, owner: Person, app: Flask, visitor: Any, rows: Any
) -> None:
    with app.app_context():
        secret = seeding.add_event(owner, restricted=True)
        seeding.add_member(secret, organizer)
    boss.submit(f"{PEOPLE}/{organizer.id}/removal")
    link = invite(boss, organizer.email)
    visitor.submit(link, {"name": "Oscar", "password": PASSWORD})
    assert visitor.get(f"/admin/events/{secret}").status_code == 404
    assert len(rows(LoginSession, LoginSession.revoked_at.is_(None))) == 2
