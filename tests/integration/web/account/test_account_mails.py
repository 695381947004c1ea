"""Links by mail on the pages: invitations, a colleague's link, a forgotten password, and the link that arrives."""

from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from eventmail.db import transaction
from eventmail.models import EVERYWHERE, AccountMail, Invitation, Suppression
from eventmail.providers.base import Permanent, Unclear
from eventmail.sending import heartbeat
from tests.support.account_mail import ADA, link_in
from tests.support.recording import Recording
from tests.support.seeding import PASSWORD, Person, acting
from tests.support.web import Client, csrf_token_in, error_code, signed_in, words

PEOPLE = "/admin/people"
JSON = {"Accept": "application/json"}


@pytest.fixture
def worker(app: Flask) -> None:
    """One was seen just now."""
    with app.app_context():
        heartbeat.beat(acting().now)


def invite(boss: Client, **values: str) -> Any:
    return boss.submit(f"{PEOPLE}/invitations", {"email": ADA, "role": "organizer", "by": "mail", **values})


def rung(app: Flask) -> int:
    return len(app.extensions["huey"].pending())


# The page of people


def test_an_invitation_is_mailed_from_the_page_and_the_row_tells_what_became_of_it(
    boss: Any, worker: None, deliver: Any, provider: Recording, visitor: Any, app: Flask
) -> None:
    page = boss.get(PEOPLE)
    assert page.text.index("Mail the invitation") < page.text.index("Make a link to hand over")
    before = rung(app)
    assert (invite(boss).location, rung(app) - before) == (PEOPLE, 1)
    waiting = words(boss.get(PEOPLE))
    assert f"The mail to {ADA} leaves in a moment." in waiting
    assert "Waits to be mailed" in waiting
    assert "Mail it again" not in waiting
    assert "No worker is running" not in waiting
    deliver()
    mailed = words(boss.get(PEOPLE))
    assert "Mailed" in mailed
    assert "Mail it again" in mailed
    path, _ = link_in(provider.mails[0].data)
    for _ in range(2):
        form = visitor.get(path)
        assert "Join your team" in form.text
    joined = visitor.post(path, data={"csrf_token": csrf_token_in(form), "name": "Ada", "password": PASSWORD})
    assert (joined.status_code, signed_in(visitor)) == (303, True)


def test_a_second_press_while_the_mail_waits_says_that_it_leaves_once(
    boss: Any, deliver: Any, provider: Recording
) -> None:
    invite(boss)
    invite(boss)
    assert f"A mail to {ADA} waits already. It leaves once." in words(boss.get(PEOPLE))
    deliver()
    assert len(provider.mails) == 1


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (Permanent("No such user", code="550"), "Could not be mailed"),
        (Unclear("The line was lost"), "May have been mailed"),
    ],
)
def test_what_went_wrong_is_told_in_words_and_a_person_mails_it_again(
    *, answer: Any, shown: str, boss: Any, deliver: Any, provider: Recording
) -> None:
    provider.answers[ADA] = answer
    invite(boss)
    deliver()
    page = words(boss.get(PEOPLE))
    assert shown in page
    assert answer.detail in page
    del provider.answers[ADA]
    invite(boss)
    deliver()
    assert len(provider.mails) == 2
    assert shown not in words(boss.get(PEOPLE))


def test_the_second_button_makes_a_link_to_hand_over_as_before(boss: Any, count: Any) -> None:
    invite(boss, by="link")
    assert "new-link-text" in boss.get(PEOPLE).text
    assert (count(AccountMail), count(Invitation)) == (0, 1)


def test_a_sign_in_link_is_mailed_to_a_colleague(
    boss: Any, worker: None, deliver: Any, provider: Recording, organizer: Person
) -> None:
    page = boss.get(PEOPLE).text
    assert 'aria-label="Mail a sign-in link to Oscar Organizer"' in page
    assert boss.submit(f"{PEOPLE}/{organizer.id}/sign-in-links", {"by": "mail"}).location == PEOPLE
    assert "Waits to be mailed" in words(boss.get(PEOPLE))
    deliver()
    page = boss.get(PEOPLE).text
    assert "Mailed" in words(page)
    assert 'aria-label="Mail a sign-in link to Oscar Organizer again"' in page
    assert provider.addresses == [organizer.email]


def test_the_page_says_that_mails_wait_for_the_worker(boss: Any, app: Flask) -> None:
    assert "No worker is running" not in words(boss.get(PEOPLE))
    invite(boss)
    page = words(boss.get(PEOPLE))
    assert "No worker is running Mails wait for it, and nothing is lost." in page
    assert ".venv/bin/eventmail worker" in page


def test_F1_a_dead_address_is_refused_in_words_and_what_was_typed_stays(boss: Any, app: Flask, count: Any) -> None:
    with app.app_context(), transaction() as tx:
        tx.add(
            Suppression(address=ADA.lower(), scope=EVERYWHERE, reason="hard_bounce", source="", created_at=acting().now)
        )
    answer = invite(boss)
    assert (answer.status_code, error_code(answer)) == (409, ["NO_RECIPIENTS"])
    assert "make a link and hand it over" in words(answer)
    assert f'value="{ADA}"' in answer.text
    assert (count(AccountMail), count(Invitation)) == (0, 0)


def test_JSON_of_an_owner_asks_for_mails_and_reads_what_became_of_them(
    boss: Any, deliver: Any, organizer: Person, api_for: Any, owner: Person
) -> None:
    headers = {**JSON, "X-CSRFToken": boss.csrf_token()}
    body = {"email": ADA, "role": "owner", "by": "mail"}
    made = boss.post(f"{PEOPLE}/invitations", json=body, headers=headers)
    assert (made.status_code, sorted(made.json)) == (202, ["email", "expires_at", "id", "role"])
    link = boss.post(f"{PEOPLE}/{organizer.id}/sign-in-links", json={"by": "mail"}, headers=headers)
    assert (link.status_code, link.json) == (202, {"email": organizer.email})
    api = api_for(owner)
    for path in (f"{PEOPLE}/invitations", PEOPLE):
        assert [item["mail"]["state"] for item in api.get(path).json["items"] if item["mail"]] == ["queued"]
    deliver()
    [item] = api.get(f"{PEOPLE}/invitations").json["items"]
    assert (item["mail"]["state"], item["mail"]["error"]) == ("sent", None)
    assert datetime.fromisoformat(item["mail"]["at"])
    wrong = boss.post(f"{PEOPLE}/invitations", json={**body, "by": "pigeon"}, headers=headers)
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (400, "by")


def test_the_page_asks_as_much_for_three_mails_as_for_one(
    boss: Any, add_person: Any, organizer: Person, count_queries: Any
) -> None:
    invite(boss)
    boss.submit(f"{PEOPLE}/{organizer.id}/sign-in-links", {"by": "mail"})
    boss.get(PEOPLE)
    with count_queries() as one:
        boss.get(PEOPLE)
    for n in range(3):
        invite(boss, email=f"eve{n}@guests.example.net")
        person = add_person("שלום <b>Bo</b> " + "x" * 80, f"bo{n}@organizers.example")
        boss.submit(f"{PEOPLE}/{person.id}/sign-in-links", {"by": "mail"})
    boss.get(PEOPLE)
    with count_queries() as many:
        page = boss.get(PEOPLE).text
    assert len(one) == len(many)
    assert page.count('data-test="account-mail"') == 8
    assert "<b>Bo" not in page


def test_the_log_tells_who_asked_and_what_became_of_it_without_a_token(
    boss: Any, deliver: Any, provider: Recording, organizer: Person
) -> None:
    invite(boss)
    boss.submit(f"{PEOPLE}/{organizer.id}/sign-in-links", {"by": "mail"})
    deliver()
    page = boss.get("/admin/audit")
    for sentence in (f"Olive Owner asked for a mail about the account of {ADA}",
                     f"worker sent a mail about the account of {ADA}",
                     "worker sent a mail about the account of Oscar Organizer"):  # fmt: skip
        assert sentence in words(page)
    assert [mail for mail in provider.mails if link_in(mail.data)[1] in page.text] == []


# Without a mail service, or with something in its way


def test_S13_what_is_in_the_way_is_told_and_links_are_handed_over(boss: Any, app: Flask, count: Any) -> None:
    wrong = app.extensions["settings"].model_copy(update={"base_url": "http://localhost"})
    app.extensions["settings"] = wrong
    page = boss.get(PEOPLE)
    assert "Links cannot be mailed yet" in words(page)
    assert "Set EVENTMAIL_BASE_URL" in words(page)
    assert "Make an invitation link" in page.text
    assert "Mail the invitation" not in page.text
    assert (error_code(invite(boss)), count(AccountMail)) == (["NO_RECIPIENTS"], 0)


def test_without_a_mail_service_the_pages_offer_links_to_hand_over(
    boss: Any, app: Flask, visitor: Any, organizer: Person, count: Any
) -> None:
    app.extensions["provider"] = Recording(name="outbox")
    page = boss.get(PEOPLE).text
    assert ("Mail the invitation" in page, "Mail a link" in page, "cannot be mailed yet" in page) == (False,) * 3
    page = visitor.get("/forgotten")
    assert "Ask an owner of your team for a one-time sign-in link" in words(page)
    assert "eventmail signin ADDRESS" in words(page)
    assert "forgotten-form" not in page.text
    answer = visitor.submit("/forgotten", {"email": organizer.email})
    assert (answer.status_code, error_code(answer), count(AccountMail)) == (409, ["NO_RECIPIENTS"], 0)
