"""Whether mail leaves a database: three guests who wait in it, a turn of a worker, another start."""

from flask import Flask

from eventmail import create_app
from eventmail.db import db, fresh
from eventmail.domain.instance import live_lock
from eventmail.domain.mailings import send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.models import Mailing
from eventmail.sending import drain
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import Person


def queue_three(app: Flask, event_id: int, organizer: Person) -> int:
    """A message to three guests that nobody has worked on: its job."""
    with app.app_context():
        seeding.add_guests(event_id, [{"email": f"g{number}@guests.example.net"} for number in range(3)])
        by = seeding.acting(organizer)
        terms = SendingTerms("https://mail.example.org", b"0" * 32, outside=False)
        message = Message(Text("Hello", "", "Hi"), {"statuses": ["confirmed"]})
        sent = send.send(event_id, message, key="k1", terms=terms, by=by)
        assert sent.job_id is not None
        return sent.job_id


def drained(settings: Settings, job_id: int) -> tuple[list[str], dict[str, int]]:
    """The addresses that got mail in one turn of a worker, and the mailing's counters after it."""
    app = create_app(settings)
    with app.app_context():
        provider = Recording()
        drain.drain(job_id, provider, settings)
        counts = {str(state): number for state, number in fresh().query(Mailing).one().counts.items() if number}
        db.session.remove()
        db.engine.dispose()
    return provider.addresses, counts


def live_now(settings: Settings) -> bool:
    """Whether mail may leave after another start."""
    started = create_app(settings)
    with started.app_context():
        live = live_lock.is_live(settings.database)
        db.session.remove()
        db.engine.dispose()
    return live
