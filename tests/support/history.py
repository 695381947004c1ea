"""What a random history is made of: steps, a mail service with moods, and a ledger of who may still get a mail."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NoReturn

from flask import Flask
from sqlalchemy import text

from eventmail.db import fresh, transaction
from eventmail.domain.guests import edit
from eventmail.domain.mailings import control, send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.control import Decision
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.errors import AlreadyCancelled, AlreadySent, NothingToDo
from eventmail.models import Suppression
from eventmail.providers.base import Accepted, Mail, Outcome, Permanent, Refused, Transient, Unclear
from eventmail.sending import claim, drain, handover
from eventmail.sending.finish import finish
from eventmail.sending.journal import Journal
from eventmail.sending.settle import settle
from eventmail.settings import Settings
from tests.support import death, seeding
from tests.support.recording import Killed, Recording, Script
from tests.support.seeding import Person
from tests.support.time import FrozenClock

GUESTS = 5
MAY = "may be handed over"
EXAMPLES = itertools.count(1)

# What a mail service answers, by name; what happens meanwhile stands before it.
ANSWERS: dict[str, Outcome] = {
    "accepted": Accepted("taken"),
    "transient": Transient("Try again later", code="451 4.3.2"),
    "permanent": Permanent("Mailbox full", code="552 5.2.2"),
    "hard": Permanent("No such user", code="550 5.1.1", hard=True),
    "unclear": Unclear("The connection was lost before the answer came"),
    "refused": Refused("Authentication failed", code="535 5.7.8"),
}
MEANWHILE = ("", "", "", "", "cancel", "delete", "suppress", "frozen", "frozen, sent again")
# Who is stopped keeps the lock of its journal until it dies as well; who is killed lets go of it at once (S11b).
DEATHS = ("killed before", "killed after", "stopped before", "stopped after", "broken")


class History:
    """One event, a few mailings, and beside them a ledger of who may be handed over, kept by other means."""

    app: Flask
    instance: Settings
    organizer: Person
    clock: FrozenClock
    honours_keys = False

    def begin(self) -> None:
        self.number = next(EXAMPLES)
        self.event_id = seeding.add_event(self.organizer)
        people = [{"email": f"{name}@history-{self.number}.example.net"} for name in "abcdef"[:GUESTS]]
        self.guests = dict(enumerate(seeding.add_guests(self.event_id, people)))
        self.provider = Recording(honours_keys=self.honours_keys)
        self.provider.before = self.handed_over
        self.sent: list[int] = []
        self.verdicts: dict[str, str] = {}  # by key: MAY, or why not
        self.barred: set[str] = set()  # addresses that must not be mailed any more
        self.plan: Iterator[tuple[str, str]] = iter(())
        self.draining = 0
        self.handed: set[tuple[str, int]] = set()  # (key, attempt)
        self.stopped: list[Journal] = []
        self.wrong: list[str] = []  # collected, since the worker would take an exception for the service's fault
        self.terms = SendingTerms("https://mail.example.org", b"0" * 32, outside=False)

    # The mail service's side

    def handed_over(self, mail: Mail) -> None:
        """A mail is about to leave: may it? Then what its turn in the plan says happens."""
        found = [(row["key"], row["address"], row["state"]) for row in self.recipients(self.draining)]
        if (mail.key, mail.to, "sending") not in found or self.verdicts[mail.key] != MAY:
            self.wrong.append(f"{mail.to} of {found}: {self.verdicts[mail.key]}")
        self.handed.add((mail.key, mail.attempt))
        meanwhile, answer = next(self.plan, ("", "accepted"))
        self.verdicts[mail.key] = MAY if self.honours_keys else "in doubt"
        self._meanwhile(meanwhile, mail.to)
        if answer in {"killed before", "stopped before"}:
            self.verdicts[mail.key] = MAY
            self._die(answer)
        deadly = answer in {"killed after", "stopped after"}
        fatal: Script = raising_death(lambda: self._die(answer)) if deadly else _breaking
        self.provider.answers[mail.to] = ANSWERS.get(answer, fatal)
        # counted out meanwhile: the same key goes again where that is no second mail, or somebody said so
        again = meanwhile == "frozen, sent again" or (meanwhile == "frozen" and self.honours_keys)
        if answer in {"accepted", "permanent", "hard"} and not again:
            self.verdicts[mail.key] = answer
        if answer in {"transient", "refused"}:
            self.verdicts[mail.key] = MAY

    def _meanwhile(self, meanwhile: str, address: str) -> None:
        match meanwhile:
            case "cancel":
                self._cancel(self.draining)
            case "delete":
                self._delete("abcdef".index(address[0]))
            case "suppress":
                self._suppress(address)
            case "frozen" | "frozen, sent again":
                # as long as the lease and longer; another worker counts it out
                settle(self.provider, self.clock.advance(seconds=claim.LEASE.total_seconds()))
                handover.in_flight.deadline = time.monotonic()
                if meanwhile == "frozen, sent again":
                    [job] = self.rows("SELECT max(id) AS id FROM job WHERE mailing_id = :id", id=self.draining)
                    finish(job["id"], self.clock.now())
                    self._decide(self.draining, Decision.SEND_AGAIN, everybody=True)

    def _die(self, how: str) -> NoReturn:
        """From now on it is another process, which can't give back the claims of this one."""
        if how.startswith("killed"):
            death.die()
        else:
            self.stopped.append(death.ours())
            death.another()
        raise Killed

    def _the_stopped_die(self) -> None:
        for left in self.stopped:
            left.close()
        self.stopped.clear()

    # Steps that are taken in several places

    def _send(self, key: str) -> send.Sent:
        message = Message(Text("Hello", "", "Hi {guest.firstName}"), {"statuses": ["confirmed"]})
        return send.send(self.event_id, message, key=key, terms=self.terms, by=self.by())

    def _work(self, mailing_id: int, plan: list[tuple[str, str]]) -> None:
        self.plan, self.draining = iter(plan), mailing_id
        for job in self.rows("SELECT id FROM job WHERE mailing_id = :id AND state = 'running'", id=mailing_id):
            with suppress(Killed):
                drain.drain(job["id"], self.provider, self.instance)
        self._bar()

    def _cancel(self, mailing_id: int) -> None:
        try:
            control.cancel(self.event_id, mailing_id, self.by())
        except (AlreadyCancelled, AlreadySent):
            return
        self._close()

    def _decide(self, mailing_id: int, decision: Decision, everybody: bool) -> None:
        doubtful = [row for row in self.recipients(mailing_id) if row["state"] == "unknown"]
        chosen = doubtful if everybody else doubtful[:1]
        emails = None if everybody else [row["address"].upper() for row in chosen]
        try:
            control.decide(self.event_id, mailing_id, decision, emails, terms=self.terms, by=self.by())
        except NothingToDo:
            return
        settled = MAY if decision == Decision.SEND_AGAIN else "counted as sent"
        self.verdicts |= {row["key"]: settled for row in chosen if row["address"] not in self.barred}

    def _delete(self, who: int) -> None:
        if who in self.guests:
            edit.delete(self.event_id, self.guests.pop(who), self.by())
            self._bar(f"{'abcdef'[who]}@history-{self.number}.example.net")

    def _suppress(self, address: str) -> None:
        known = {"address": address, "scope": str(self.event_id)}
        if self.rows("SELECT 1 FROM suppression WHERE address = :address AND scope = :scope", **known):
            return
        with transaction() as tx:
            tx.add(Suppression(reason="manual", source="test", created_by=None, created_at=self.clock.now(), **known))
        self._bar(address)

    def _bar(self, *addresses: str) -> None:
        """These and everybody on the do-not-mail list get nothing more, but for what is in hand-over this moment."""
        listed = self.rows("SELECT address FROM suppression WHERE scope IN ('all', :scope)", scope=str(self.event_id))
        self.barred |= {*addresses, *(row["address"] for row in listed)}
        for mailing in self.mailings():
            for row in self.recipients(mailing["id"]):
                if row["address"] in self.barred and not (addresses and row["state"] == "sending"):
                    self.verdicts[row["key"]] = "barred"
        self._close()

    def _close(self) -> None:
        for mailing in self.mailings():
            for row in self.recipients(mailing["id"]):
                if row["state"] in {"cancelled", "suppressed"}:
                    self.verdicts[row["key"]] = row["state"]

    # Looking

    def by(self) -> Any:
        return seeding.acting(self.organizer)

    def mailing(self, which: int) -> int:
        return self.sent[which % len(self.sent)]

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        fresh().rollback()
        return [dict(row) for row in fresh().execute(text(sql), values).mappings()]

    def mailings(self) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM mailing WHERE event_id = :id ORDER BY id", id=self.event_id)

    def recipients(self, mailing_id: int) -> list[dict[str, Any]]:
        return self.rows(
            "SELECT recipient.*, mailing.key || '-' || recipient.id AS key FROM recipient"
            " JOIN mailing ON mailing.id = mailing_id WHERE mailing_id = :id ORDER BY recipient.id",
            id=mailing_id,
        )

    def keys(self, mailing_id: int) -> list[str]:
        return [row["key"] for row in self.recipients(mailing_id)]


def raising_death(die: Callable[[], NoReturn]) -> Script:
    """A script that answers nothing, since its process dies."""

    def answer(_mail: Mail) -> Accepted:
        die()

    return answer


def _breaking(_mail: Mail) -> Accepted:
    raise RuntimeError("a fault of the connector")
