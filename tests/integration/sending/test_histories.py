"""Random histories of one event: whatever organizers, mail services and dying workers do, the promise holds."""

import itertools
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from eventmail.db import fresh, transaction
from eventmail.domain import guests, mailings, runs
from eventmail.domain.contents import Text
from eventmail.domain.mailings import Message
from eventmail.domain.merge import Place
from eventmail.domain.runs import Decision
from eventmail.errors import (
    AlreadyCancelled,
    AlreadySent,
    NoRecipients,
    NothingToDo,
    Permanent,
    Refused,
    Transient,
    Unclear,
)
from eventmail.models import Suppression
from eventmail.providers.base import Accepted, Mail, Outcome
from eventmail.sending import claim, drain, handover
from eventmail.sending.finish import finish
from eventmail.sending.settle import settle
from eventmail.sending.sweep import sweep
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.recording import Recording, Script
from tests.support.seeding import Person
from tests.support.time import FrozenClock

GUESTS = 5
MAILINGS = 3
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
DEATHS = ("killed before", "killed after", "broken")
TURNS = st.one_of(
    st.tuples(st.sampled_from(MEANWHILE), st.sampled_from([*ANSWERS, "accepted", "accepted"])),
    st.tuples(st.sampled_from(["cancel", "delete", "suppress"]), st.just("transient")),
    st.tuples(st.just(""), st.sampled_from(DEATHS)),
)
WHICH = st.integers(0, MAILINGS - 1)


class Killed(BaseException):
    """Stands for SIGKILL: no handler of the worker sees it coming."""


class Histories(RuleBasedStateMachine):
    """One event, a few mailings, and beside them a ledger of who may be handed over, kept by other means."""

    app: Flask
    instance: Settings
    organizer: Person
    clock: FrozenClock
    honours_keys = False

    @initialize()
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
        self.wrong: list[str] = []  # collected, since the worker would take an exception for the service's fault
        self.place = Place("https://mail.example.org", b"0" * 32, outside=False)

    # What people do

    @rule()
    def send(self) -> None:
        if len(self.sent) == MAILINGS:
            return
        try:
            made = self._send(f"key-{len(self.sent)}")
        except NoRecipients:
            return
        self.sent.append(made.mailing_id)
        self.verdicts |= dict.fromkeys(self.keys(made.mailing_id), MAY)

    @precondition(lambda self: self.sent)
    @rule()
    def send_with_a_key_that_was_used(self) -> None:
        try:
            again = self._send("key-0")
        except AlreadyCancelled:
            return
        assert (again.mailing_id, again.job_id) == (self.sent[0], None)

    @precondition(lambda self: self.sent)
    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        self._cancel(self.mailing(which))

    @precondition(lambda self: self.sent)
    @rule(which=WHICH)
    def retry(self, which: int) -> None:
        mailing_id = self.mailing(which)
        failed = [row["key"] for row in self.recipients(mailing_id) if row["state"] == "failed"]
        try:
            job_id = runs.retry(self.event_id, mailing_id, self.place, self.by())
        except NothingToDo:
            return
        [run] = self.rows("SELECT run FROM job WHERE id = :id", id=job_id)
        if run["run"] > 1 and all(row["state"] != "failed" for row in self.recipients(mailing_id)):
            self.verdicts |= dict.fromkeys(failed, MAY)

    @precondition(lambda self: self.sent)
    @rule(which=WHICH, decision=st.sampled_from(Decision), everybody=st.booleans())
    def decide(self, which: int, decision: Decision, everybody: bool) -> None:
        self._decide(self.mailing(which), decision, everybody)

    @precondition(lambda self: len(self.guests) > 1)
    @rule(who=st.integers(0, GUESTS - 1))
    def delete_a_guest(self, who: int) -> None:
        if who in self.guests:
            self._delete(who)

    @rule(who=st.integers(0, GUESTS - 1))
    def put_an_address_on_the_do_not_mail_list(self, who: int) -> None:
        self._suppress(f"{'abcdef'[who]}@history-{self.number}.example.net")

    # What the worker and time do

    @precondition(lambda self: self.sent)
    @rule(which=WHICH, plan=st.lists(TURNS, max_size=8))
    def work(self, which: int, plan: list[tuple[str, str]]) -> None:
        self._work(self.mailing(which), plan)

    @rule(seconds=st.sampled_from([1, 4, 7, 21, 21, 400, 4000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @rule()
    def the_clock_is_set_back(self) -> None:
        self.clock.advance(seconds=-90)

    @rule()
    def somebody_settles(self) -> None:
        settle(self.provider, self.clock.now())

    @rule()
    def the_sweep_looks_around(self) -> None:
        named = {waiting.job_id for waiting in sweep(self.provider, self.clock.now())}
        running = "SELECT id FROM job WHERE state = 'running' AND stopped IS NULL"
        assert named == {row["id"] for row in self.rows(running)}

    # What must hold after each of these

    @invariant()
    def S3_S5_A6_only_who_may_be_was_handed_over_marked_and_with_its_key(self) -> None:
        assert self.wrong == []

    @invariant()
    def S2_counters_are_the_rows_and_add_up_to_the_snapshot(self) -> None:
        for mailing in self.mailings():
            states = [row["state"] for row in self.recipients(mailing["id"])]
            counters = {name[2:]: number for name, number in mailing.items() if name.startswith("n_")}
            assert counters == {state: states.count(state) for state in counters}
            assert sum(counters.values()) == mailing["recipient_count"] == len(states)

    @invariant()
    def S9_the_ledger_balances(self) -> None:
        for mailing in self.mailings():
            ledgers = self.rows(
                "SELECT reserved, consumed, refunded FROM reservation JOIN job ON job.id = job_id"
                " WHERE mailing_id = :id",
                id=mailing["id"],
            )
            assert all(ledger["consumed"] + ledger["refunded"] <= ledger["reserved"] for ledger in ledgers)
            open_ = sum(ledger["reserved"] - ledger["consumed"] - ledger["refunded"] for ledger in ledgers)
            assert open_ == mailing["n_queued"] + mailing["n_sending"]

    @invariant()
    def S11_job_and_mailing_agree_with_the_rows(self) -> None:
        for mailing in self.mailings():
            jobs = self.rows("SELECT state FROM job WHERE mailing_id = :id ORDER BY run", id=mailing["id"])
            states = [job["state"] for job in jobs]
            assert "running" not in states[:-1]
            assert (mailing["state"] == "sending") == (states[-1] == "running")
            if mailing["state"] == "finished":
                assert (mailing["n_queued"], mailing["n_sending"]) == (0, 0)
            if mailing["state"] == "cancelled":
                assert mailing["n_queued"] == 0

    @invariant()
    def T1_every_attempt_is_explained_once(self) -> None:
        for mailing in self.mailings():
            told: dict[int, list[int]] = {row["id"]: [] for row in self.recipients(mailing["id"])}
            for attempt in self.rows(
                "SELECT recipient_id, number FROM attempt JOIN recipient ON recipient.id = recipient_id"
                " WHERE mailing_id = :id ORDER BY number",
                id=mailing["id"],
            ):
                told[attempt["recipient_id"]].append(attempt["number"])
            for row in self.recipients(mailing["id"]):
                open_ = 1 if row["state"] == "sending" else 0
                assert told[row["id"]] == list(range(1, row["attempts"] + 1 - open_))

    def teardown(self) -> None:
        """Whatever is left comes to an end by itself, but for what was stopped: nobody is lost."""
        for _ in range(20):
            self.clock.advance(hours=2)
            settle(self.provider, self.clock.now())
            for mailing in self.mailings():
                self._work(mailing["id"], [])
            if not any(mailing["n_queued"] + mailing["n_sending"] for mailing in self.mailings()):
                break
        assert self.wrong == []
        for mailing in self.mailings():
            stopped = self.rows("SELECT 1 FROM job WHERE mailing_id = :id AND stopped IS NOT NULL", id=mailing["id"])
            assert mailing["state"] in {"finished", "cancelled"} or stopped
            assert mailing["n_sending"] == 0
            assert mailing["n_queued"] == 0 or stopped

    # The mail service's side

    def handed_over(self, mail: Mail) -> None:
        """A mail is about to leave: may it? Then what its turn in the plan says happens."""
        found = [(row["key"], row["address"], row["state"]) for row in self.recipients(self.draining)]
        if (mail.key, mail.to, "sending") not in found or self.verdicts[mail.key] != MAY:
            self.wrong.append(f"{mail.to} of {found}: {self.verdicts[mail.key]}")
        meanwhile, answer = next(self.plan, ("", "accepted"))
        self.verdicts[mail.key] = MAY if self.honours_keys else "in doubt"
        self._meanwhile(meanwhile, mail.to)
        if answer == "killed before":
            self.verdicts[mail.key] = MAY
            self._die()
        fatal: Script = self._dying if answer == "killed after" else _breaking
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

    def _dying(self, _mail: Mail) -> Accepted:
        self._die()
        raise AssertionError

    def _die(self) -> None:
        claim.owner.cache_clear()  # from now on it is another process, which can't give back the claims of this one
        raise Killed

    # Steps that are taken in several places

    def _send(self, key: str) -> mailings.Sent:
        message = Message(Text("Hello", "", "Hi {guest.firstName}"), {"statuses": ["confirmed"]})
        return mailings.send(self.event_id, message, key=key, place=self.place, by=self.by())

    def _work(self, mailing_id: int, plan: list[tuple[str, str]]) -> None:
        self.plan, self.draining = iter(plan), mailing_id
        for job in self.rows("SELECT id FROM job WHERE mailing_id = :id AND state = 'running'", id=mailing_id):
            with suppress(Killed):
                drain.drain(job["id"], self.provider, self.instance)
        self._bar()

    def _cancel(self, mailing_id: int) -> None:
        try:
            runs.cancel(self.event_id, mailing_id, self.by())
        except (AlreadyCancelled, AlreadySent):
            return
        self._close()

    def _decide(self, mailing_id: int, decision: Decision, everybody: bool) -> None:
        doubtful = [row for row in self.recipients(mailing_id) if row["state"] == "unknown"]
        chosen = doubtful if everybody else doubtful[:1]
        emails = None if everybody else [row["address"].upper() for row in chosen]
        try:
            runs.decide(self.event_id, mailing_id, decision, emails, place=self.place, by=self.by())
        except NothingToDo:
            return
        settled = MAY if decision == Decision.SEND_AGAIN else "counted as sent"
        self.verdicts |= {row["key"]: settled for row in chosen if row["address"] not in self.barred}

    def _delete(self, who: int) -> None:
        if who in self.guests:
            guests.delete(self.event_id, self.guests.pop(who), self.by())
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


def _breaking(_mail: Mail) -> Accepted:
    raise RuntimeError("a fault of the connector")


@pytest.mark.parametrize("honours_keys", [False, True], ids=["no keys", "keys honoured"])
def test_S2_S5_S9_no_history_mails_anybody_twice_loses_anybody_or_unbalances_the_ledger(
    app: Flask,
    settings: Settings,
    organizer: Person,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
    honours_keys: bool,
) -> None:
    monkeypatch.setattr(drain, "GROUP", 2)  # so that five guests are three groups
    name = "HistoriesWithKeys" if honours_keys else "HistoriesWithoutKeys"
    values = {"app": app, "instance": settings, "organizer": organizer, "clock": clock, "honours_keys": honours_keys}
    machine = type(name, (Histories,), values)
    run_state_machine_as_test(machine, settings=LIMITS)


LIMITS = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
