"""A restricted event full of secrets, for whoever asks what an outsider gets to see of it."""

from contextlib import closing
from dataclasses import dataclass
from sqlite3 import connect
from typing import Any

from eventmail import clock
from eventmail.db import transaction
from eventmail.domain.audience import segments
from eventmail.domain.designs import edit as designs
from eventmail.domain.designs import revisions
from eventmail.domain.guests import bulk_change
from eventmail.domain.imports import uploads
from eventmail.domain.mailings import send, test_sends
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.people import api_tokens, invitations
from eventmail.domain.suppressions import entries
from eventmail.domain.terms import SendingTerms
from eventmail.models.account import Role
from eventmail.providers import registry
from eventmail.providers.outbox import kept
from eventmail.sending import drain
from eventmail.settings import Settings
from eventmail.states import ChangeKind
from tests.support import seeding
from tests.support.seeding import Person

SECRET = "Quokka"  # stands in every text of the restricted event and nowhere else
# arguments whose value is the newest row of a table: the restricted event's own, since it was filled last
_TABLES = {
    "content_id": "content", "suppression_id": "suppression", "invitation_id": "invitation",
    "segment_id": "segment", "design_id": "design",
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """A restricted event's ids by the name of the argument they are, and an event of somebody else's.

    “endpoint name” is an argument for the page of that endpoint alone.
    """

    secret: dict[str, Any]
    own_event: int


def made(settings: Settings, insider: Person, owner: Person, outsider: Person) -> World:
    """The event of `insider`, who is signed in somewhere; `outsider` has an event, too. Needs an app context."""
    event_id = seeding.add_event(
        insider, restricted=True, title=f"{SECRET} Retreat", location=f"{SECRET} Hall", sender_name=f"{SECRET} Team"
    )
    seeding.add_member(event_id, insider)
    guest_id = seeding.add_guest(event_id, f"{SECRET}@guests.example.net", last_name=SECRET, tags=(SECRET,))
    by, terms = seeding.acting(insider), SendingTerms("http://127.0.0.1:8000", b"0" * 32, outside=False)
    sent = [
        send.send(event_id, Message(Text(f"{SECRET} {n}", "", SECRET), {"statuses": ["confirmed"]}),
                      key=f"key-{n}", terms=terms, by=by)
        for n in range(2)
    ]  # fmt: skip
    drain.drain(sent[0].job_id or 0, registry.opened(settings), settings)
    with transaction() as tx:
        token_id, _ = api_tokens.add(tx, insider.id, SECRET, by)
    entries.add(event_id, f"{SECRET}@elsewhere.example.net", everywhere=False, by=by)
    with transaction() as tx:
        segments.add(tx, event_id, {"name": SECRET, "guests": [str(guest_id)]}, by)
    invitations.invite(f"{SECRET}@organizers.example", Role.ORGANIZER, seeding.acting(owner))
    upload = uploads.keep(settings.imports, event_id, f"{SECRET}.csv", f"email\n{SECRET}@x.example\n".encode(),
                               clock.now())  # fmt: skip
    change_id = bulk_change.change(event_id, bulk_change.Ticked((guest_id,)), ChangeKind.ADD_TAG, f"{SECRET}s", by)
    design_id, _ = designs.create(event_id, {"name": SECRET, "message_type": "update", "subject": SECRET,
                                             "body": SECRET}, by)  # fmt: skip
    revisions.publish(event_id, design_id, by)
    text, origin = revisions.snapshot(designs.find(event_id, design_id), "published")
    proof = test_sends.send(event_id, test_sends.Wanted(text, origin=origin), key="proof", terms=terms, by=by)
    test = test_sends.send(event_id, test_sends.Wanted(Text(SECRET, "", SECRET)), key="test", terms=terms, by=by)
    own_event = seeding.add_event(outsider, title="Open day")
    seeding.add_guest(own_event, "ann@guests.example.net")
    with closing(connect(settings.database)) as database:
        newest = {
            argument: database.execute(f"SELECT max(id) FROM {table}").fetchone()[0]
            for argument, table in _TABLES.items()
        }
        session_id = database.execute("SELECT id FROM login_session WHERE user_id = ?", (insider.id,)).fetchone()[0]
    return World(
        {
            **newest, "event_id": event_id, "guest_id": guest_id, "mailing_id": sent[1].mailing_id,
            "name": kept(settings.outbox)[0].path.name, "user_id": insider.id, "token_id": token_id, "token": upload,
            "session_id": session_id, "change_id": change_id, "test_sends.watch mailing_id": test.mailing_id,
            "scheduling.tested mailing_id": test.mailing_id, "calendar.tested mailing_id": test.mailing_id,
            "design_preview.tested mailing_id": proof.mailing_id,
            "number": 1,
        },
        own_event,
    )  # fmt: skip
