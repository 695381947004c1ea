"""The receipt of a mailing: whole, self-contained, and recognizable by its hash."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from eventmail.db import send_through
from eventmail.domain.mailings import control, send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.outcomes import receipt
from eventmail.domain.terms import SendingTerms
from eventmail.models import Recipient
from eventmail.providers import registry
from eventmail.providers.base import Permanent
from eventmail.sending import drain
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.web import Client, words

AWKWARD = {"first_name": "<b>Bo</b>", "last_name": "x" * 300, "email": "bo@guests.example.net"}


@pytest.fixture
def sent(in_app: Any, settings: Settings, event_id: int, organizer: Person) -> int:
    """A finished mailing to three guests: one sent, one failed, one without an address."""
    seeding.add_guests(event_id, [AWKWARD, {"email": "no@guests.example.net"}, {"email": None, "first_name": "Cy"}])
    terms = SendingTerms("https://mail.example.org", settings.secret, outside=False)
    send_through("smtp")
    message = Message(Text("<i>Hello</i>", "", "Hi *you*"), {"statuses": ["confirmed"]})
    made = send.send(event_id, message, key="k1", terms=terms, by=seeding.acting(organizer))
    assert made.job_id is not None
    answers = {"no@guests.example.net": Permanent("No such user", code="550")}
    drain.drain(made.job_id, Recording(dict(answers), name="smtp"), settings)
    return made.mailing_id


def url(event_id: int, mailing_id: int) -> str:
    return f"/admin/events/{event_id}/mailings/{mailing_id}/receipt"


def test_the_receipt_says_content_audience_outcomes_exclusions_log_and_hash(
    client: Client, event_id: int, sent: int
) -> None:
    answer = client.get(url(event_id, sent), buffered=True)
    text = answer.text
    assert answer.status_code == 200
    for said in (
        "Receipt: &lt;i&gt;Hello&lt;/i&gt;", "Hi *you*", "To confirmed guests: 2 recipients.", "not everybody got it",
        "bo@guests.example.net", "&lt;b&gt;Bo&lt;/b&gt; " + "x" * 300, "No such user (550)", "without an address",
        "Oscar Organizer", "sent the message",
    ):  # fmt: skip
        assert said in text, said
    assert "<b>Bo" not in text
    [digest] = re.findall(r'data-test="receipt-digest">([0-9a-f]{64})<', text)
    assert digest == client.get(url(event_id, sent), headers={"Accept": "application/json"}).get_json()["sha256"]


def test_the_receipt_needs_nothing_else(client: Client, event_id: int, sent: int) -> None:
    answer = client.get(url(event_id, sent), buffered=True)
    assert re.findall(r"(?:src|href|url)\s*[=(]", answer.text) == []
    assert "<script" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    saved = client.get(url(event_id, sent) + "?download=1", buffered=True)
    assert saved.headers["Content-Disposition"] == f'attachment; filename="receipt-{sent}.html"'


def test_the_hash_changes_with_any_outcome_and_with_nothing_else(
    client: Client, event_id: int, sent: int, writing: Any
) -> None:
    def digest() -> str:
        found: str = client.get(url(event_id, sent), headers={"Accept": "application/json"}).get_json()["sha256"]
        return found

    before = digest()
    assert digest() == before
    with writing() as tx:
        tx.query(Recipient).filter_by(address="no@guests.example.net").update({"delivery": "bounced"})
    assert digest() != before


def test_S13_what_practice_mode_kept_is_not_called_sent(
    client: Client, settings: Settings, event_id: int, sent: int, organizer: Person
) -> None:
    terms = SendingTerms("https://mail.example.org", settings.secret, outside=False)
    send_through("outbox")  # the mail service was taken away meanwhile
    job = control.retry(event_id, sent, terms, seeding.acting(organizer), through="outbox")
    drain.drain(job, registry.opened(settings), settings)
    page = words(client.get(url(event_id, sent), buffered=True))
    assert "Kept in outbox 1 Sent 1 Practice mode: what was kept in the outbox did not leave this eventmail" in page
    assert "State Finished, not everybody got it" in page
    assert re.findall(r"@guests\.example\.net .*? (Sent|Kept in outbox) ", page) == ["Sent", "Kept in outbox"]


def test_what_a_mail_service_reported_is_told_in_words(client: Client, event_id: int, sent: int, writing: Any) -> None:
    with writing() as tx:
        tx.query(Recipient).filter_by(address="no@guests.example.net").update({"delivery": "deferred"})
    page = words(client.get(url(event_id, sent), buffered=True))
    assert ("Failed, delayed" in page, "deferred" in page, "Practice mode" in page) == (True, False, False)


def test_the_receipt_of_another_event_is_not_there(
    client: Client, event_id: int, sent: int, add_event: Callable[..., int]
) -> None:
    assert client.get(url(add_event(), sent)).status_code == 404


def test_the_receipt_costs_the_same_queries_for_one_recipient_and_for_three(
    in_app: Any, event_id: int, organizer: Person, count_queries: Any
) -> None:
    def queries(guests: int) -> int:
        seeding.add_guests(event_id, [{"email": f"{guests}-{n}@guests.example.net"} for n in range(guests)])
        by = seeding.acting(organizer)
        terms = SendingTerms("https://mail.example.org", b"0" * 32, outside=False)
        message = Message(Text("Hello", "", "Hi"), {"statuses": ["confirmed"]})
        made = send.send(event_id, message, key=f"k{guests}", terms=terms, by=by)
        with count_queries() as counted:
            receipt.receipt(event_id, made.mailing_id)
            assert len(list(receipt.lines(made.mailing_id))) >= guests
        return len(counted)

    assert queries(1) == queries(3)
