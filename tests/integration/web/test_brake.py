"""A run that stopped itself, by HTTP (F5): what the tracker asks, what each answer does."""

from collections.abc import Callable
from typing import Any

import pytest

from eventmail.models import AuditEntry, Suppression
from eventmail.providers.base import Mail, Outcome, Permanent
from tests.support.recording import Recording
from tests.support.web import Client, words

MESSAGE = {"kind": "one_time", "subject": "Hello", "body": "Hi", "audience": {"statuses": ["confirmed"]}}
QUESTION = "Your mail service refused the first 10 for the same reason: Invalid recipient: <"


def refusing(mail: Mail) -> Outcome:
    return Permanent(f"Invalid recipient: <{mail.to}>", code="550", hard=True)


def _answers(number: int) -> dict[str, Any]:
    return {f"guest-{each:03}@guests.example.net": refusing for each in range(number + 1)}


@pytest.fixture
def stopped(api: Any, event_id: int, add_guests: Callable[..., Any], work: Callable[..., None]) -> str:
    """The address of a mailing to 25 guests that stopped itself."""
    add_guests(25)
    answer = api.post(f"/admin/events/{event_id}/mailings", json=MESSAGE, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 202
    work(Recording(answers=_answers(25)))
    address: str = answer.headers["Location"]
    return address


def test_F5_the_answer_to_a_program_says_that_it_stopped_and_asks(api: Any, stopped: str) -> None:
    mailing = api.get(stopped).json
    assert (mailing["state"], mailing["counts"]["failed"], mailing["counts"]["queued"]) == ("sending", 10, 15)
    assert (mailing["job"]["asks"], mailing["job"]["stopped"].startswith(QUESTION)) == (True, True)
    assert mailing["last_error"] == mailing["job"]["stopped"]


def test_F5_the_tracker_asks_and_offers_each_answer(client: Client, stopped: str) -> None:
    page = client.get(stopped)
    shown = words(page)
    assert QUESTION in shown
    assert "So it stopped by itself, and nobody was put on the do-not-mail list. 15 wait." in shown
    for label in ("Go on", "Cancel the rest (15)", "Put these 10 on the do-not-mail list"):
        assert label in shown
    assert "Try again" not in shown
    assert (shown.count(QUESTION), "Last error" in shown) == (1, False)


def test_F5_the_list_is_put_there_once_by_whoever_says_so(
    api: Any, client: Client, stopped: str, rows: Callable[..., list[Any]]
) -> None:
    assert client.submit(f"{stopped}/decisions", {"decision": "list", "all": "1"}).status_code == 303
    assert len(rows(Suppression)) == 10
    again = api.post(f"{stopped}/decisions", json={"decision": "list", "all": True})
    assert (again.status_code, again.json["code"]) == (409, "NOTHING_TO_DO")
    shown = words(client.get(stopped))
    assert "Put these" not in shown
    assert "nobody was put on" not in shown
    actions = [entry.action for entry in rows(AuditEntry)]
    assert (actions.count("mailing.stopped_itself"), actions.count("mailing.refused_listed")) == (1, 1)


def test_F5_going_on_answers_the_question(api: Any, client: Client, stopped: str, work: Any, rows: Any) -> None:
    answer = api.post(f"{stopped}/retries")
    assert (answer.status_code, answer.json["job"]["asks"], answer.json["job"]["stopped"]) == (200, False, None)
    work(Recording())
    mailing = api.get(stopped).json
    assert (mailing["state"], mailing["counts"]["sent"], mailing["counts"]["failed"]) == ("finished", 15, 10)
    assert rows(Suppression) == []
    assert "Put these 10 on the do-not-mail list" in words(client.get(stopped))


def test_F5_cancelling_the_rest_ends_it(api: Any, stopped: str, rows: Any) -> None:
    answer = api.post(f"{stopped}/cancellation")
    assert (answer.json["state"], answer.json["counts"]["cancelled"]) == ("cancelled", 15)
    assert (answer.json["job"]["asks"], rows(Suppression)) == (False, [])
