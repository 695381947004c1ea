"""A mailing for each round of a race, and what its processes need to know of it."""

from dataclasses import dataclass, replace
from typing import Any

from flask import current_app

from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.records import Limits
from eventmail.sending import drain
from tests.support import seeding
from tests.support.handing import outbox
from tests.support.seeding import Person

ROUNDS = 100
PEOPLE = 3


@dataclass(frozen=True)
class Scene:
    """What every process needs to know: by round the guest of that round, the mailing and its job."""

    event_id: int
    organizer: Person
    guests: tuple[int, ...] = ()
    mailings: tuple[int, ...] = ()
    jobs: tuple[int, ...] = ()
    limit: int = 0

    @property
    def by(self) -> Any:
        return seeding.acting(self.organizer)

    @property
    def terms(self) -> SendingTerms:
        return SendingTerms("http://127.0.0.1:8000", b"0" * 32, outside=False, limits=Limits(per_day=self.limit))


def send(scene: Scene, key: str, **audience: list[str]) -> mailing_send.Sent:
    message = Message(Text("Hello", "", "Hi {guest.firstName}"), audience or {"statuses": ["confirmed"]})
    return mailing_send.send(scene.event_id, message, key=key, terms=scene.terms, by=scene.by)


def work(scene: Scene, turn: int, provider: Any = None) -> None:
    drain.drain(scene.jobs[turn], provider or outbox(), current_app.extensions["settings"])


def sent_each(scene: Scene) -> Scene:
    made = [
        send(scene, f"round-{turn}", **({"guests": [str(scene.guests[turn])]} if scene.guests else {}))
        for turn in range(ROUNDS)
    ]
    return replace(
        scene, mailings=tuple(sent.mailing_id for sent in made), jobs=tuple(sent.job_id or 0 for sent in made)
    )
