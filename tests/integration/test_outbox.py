"""Reading the outbox: which event a mail belongs to, and what lists show of it."""

from pathlib import Path
from typing import Any

import pytest

from eventmail import outbox
from eventmail.domain.mailings import query, send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.errors import NotFound
from eventmail.models import Mailing
from eventmail.providers.base import Mail
from eventmail.providers.outbox import Outbox
from tests.support import seeding
from tests.support.seeding import Person, acting

PLACE = SendingTerms("https://mail.organizers.example", b"s" * 32, outside=False)


@pytest.fixture(autouse=True)
def _in_app(in_app: object) -> None:
    pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def mailing(organizer: Person) -> Any:
    """mailing(event): a mailing to one guest of the event: its row."""

    def make(event_id: int) -> Mailing:
        seeding.add_guest(event_id)
        message = Message(Text(f"To {event_id}", "", "Text"), {"statuses": ["confirmed"]})
        sent = send.send(event_id, message, key=f"k{event_id}", terms=PLACE, by=acting(organizer))
        return query.find(event_id, sent.mailing_id)

    return make


def put(folder: Path, key: str, to: str = "ada@guests.org", subject: str = "Hi") -> None:
    data = f"To: {to}\r\nSubject: {subject}\r\n\r\nText\r\n".encode()
    Outbox(folder).send(Mail(key, "req", 1, "gala@organizers.org", to, data))


def test_an_event_has_the_mails_of_its_mailings_newest_first(folder: Path, event_id: int, mailing: Any) -> None:
    mine, other = mailing(event_id), mailing(seeding.add_event())
    for key in (f"{mine.key}-1", f"{other.key}-1", f"{mine.key}-2", "stranger-1"):
        put(folder, key)
    assert [mail.key for mail in outbox.of_event(folder, event_id)] == [f"{mine.key}-2", f"{mine.key}-1"]


def test_a_mail_of_another_event_is_not_found(folder: Path, event_id: int, mailing: Any) -> None:
    mine, other = mailing(event_id), mailing(seeding.add_event())
    put(folder, f"{mine.key}-1")
    put(folder, f"{other.key}-1")
    own, foreign = (outbox.of_event(folder, event)[0].path.name for event in (event_id, other.event_id))
    assert outbox.find(folder, event_id, own).key == f"{mine.key}-1"
    for name in (foreign, "", "..", "../app.sqlite", "x.eml", own + "x"):
        with pytest.raises(NotFound):
            outbox.find(folder, event_id, name)


def test_everything_is_listed_oldest_first_in_one_query(
    folder: Path, event_id: int, mailing: Any, count_queries: Any
) -> None:
    mine = mailing(event_id)
    put(folder, f"{mine.key}-1", "Ada <ada@guests.org>", "One")
    put(folder, "stranger-1", "ben@guests.org", "=?utf-8?b?WsO8cmljaA==?=")
    put(folder, f"{mine.key}-2", "cem@guests.org", "Three")
    with count_queries() as queries:
        found = outbox.everything(folder)
    assert [(mail.to, mail.subject, mail.mailing_id) for mail in found] == [
        ("Ada <ada@guests.org>", "One", mine.id), ("ben@guests.org", "Zürich", None),
        ("cem@guests.org", "Three", mine.id),
    ]  # fmt: skip
    assert len(queries) == 1
    assert [mail.at for mail in found] == sorted(mail.at for mail in found)


def test_an_empty_outbox_is_an_empty_list(folder: Path, event_id: int) -> None:
    assert (outbox.everything(folder), outbox.of_event(folder, event_id)) == ([], [])
