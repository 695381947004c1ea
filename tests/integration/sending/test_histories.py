"""Random histories of one event: whatever organizers, mail services and dying workers do, the promise holds."""

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

from eventmail.domain.mailings import control
from eventmail.domain.mailings.control import Decision
from eventmail.errors import AlreadyCancelled, NoRecipients, NothingToDo
from eventmail.sending import drain, journal
from eventmail.sending.settle import settle
from eventmail.sending.sweep import sweep
from eventmail.settings import Settings
from tests.support.budgets import budget
from tests.support.history import ANSWERS, DEATHS, GUESTS, MAY, MEANWHILE, History
from tests.support.seeding import Person
from tests.support.time import FrozenClock

MAILINGS = 3
TURNS = st.one_of(
    st.tuples(st.sampled_from(MEANWHILE), st.sampled_from([*ANSWERS, "accepted", "accepted"])),
    st.tuples(st.sampled_from(["cancel", "delete", "suppress"]), st.just("transient")),
    st.tuples(st.just(""), st.sampled_from(DEATHS)),
)
WHICH = st.integers(0, MAILINGS - 1)


class Histories(History, RuleBasedStateMachine):
    """A history whose next step is drawn from these rules."""

    @initialize()
    def begin(self) -> None:
        super().begin()

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
            job_id = control.retry(self.event_id, mailing_id, self.terms, self.by())
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
    def who_was_stopped_dies(self) -> None:
        self._the_stopped_die()

    @rule()
    def the_journals_are_deleted(self) -> None:
        for path in self.instance.instance.glob(journal.FILES):
            path.unlink()

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
                "SELECT reserved, consumed, refunded FROM reservation WHERE mailing_id = :id",
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
                numbers = told[row["id"]]
                over = range(1, row["attempts"] + 1 - (row["state"] == "sending"))
                # the number of an attempt that was marked and not begun is used up, with nothing to explain (S11b)
                assert numbers == sorted(set(numbers) & set(over))
                assert {n for n in over if (row["key"], n) in self.handed} <= set(numbers)

    def teardown(self) -> None:
        """Whatever is left comes to an end by itself, but for what was stopped: nobody is lost."""
        self._the_stopped_die()
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
    max_examples=budget(10, soaked=20),
    stateful_step_count=20,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
