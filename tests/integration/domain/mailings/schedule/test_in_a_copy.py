"""Scheduled messages of a restored or copied database: nothing starts before an owner confirms it (H9)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from eventmail import backup, cli, clock
from eventmail.db import fresh, transaction
from eventmail.domain.instance import live_lock
from eventmail.domain.mailings import control
from eventmail.models import AccountMail
from tests.integration.domain.mailings.schedule.conftest import BOTH, PLAN, SEND_AT, Planned
from tests.support import seeding
from tests.support.seeding import Person
from tests.support.time import FrozenClock
from tests.support.web import Client, words
from tests.support.written import PLACE, TEXT

LATER = replace(PLAN, wall="2027-04-30T18:00:01")


def copied() -> None:
    with transaction() as tx:
        live_lock.leave(tx)


def confirmed(planned: Planned, owner: Person) -> live_lock.Confirmed:
    fresh().rollback()
    by = replace(seeding.acting(owner), now=clock.now())
    return live_lock.confirm(planned.settings.database, by)


def test_H9_nothing_of_a_copy_starts_when_it_is_due_nor_by_a_tick(
    app: Flask, planned: Planned, now: FrozenClock, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    copied()
    now.set(SEND_AT)
    assert planned.start() == []
    monkeypatch.setenv("EVENTMAIL_INSTANCE", str(planned.settings.instance))
    with pytest.raises(SystemExit):
        cli.main(["tick"])
    assert "0 jobs are" in capfd.readouterr().out
    assert (planned.state, planned.jobs) == (("scheduled", None), [])
    assert planned.addresses == BOTH
    assert planned.log == [("Oscar Organizer", "mailing.scheduled")]


def test_H9_a_confirmed_copy_keeps_what_is_to_come_and_asks_about_what_is_over(
    party: Planned, owner: Person, now: FrozenClock
) -> None:
    over, to_come = party.plan(), party.plan(LATER, key="later")
    copied()
    now.set(SEND_AT)

    assert confirmed(over, owner) == live_lock.Confirmed(in_doubt=0, missed=1)

    assert (over.state, to_come.state) == (("missed", "restored"), ("scheduled", None))
    assert (over.addresses, to_come.addresses) == (BOTH, BOTH)
    assert over.places == (2, 0, 0, SEND_AT)
    assert over.log[-1] == (owner.name, "mailing.missed")
    assert over.start() == []
    now.advance(seconds=1)
    assert len(to_come.start()) == 1
    assert (over.state, to_come.state) == (("missed", "restored"), ("sending", None))


def test_H9_a_message_that_was_missed_before_the_copy_says_that_the_other_one_may_have_sent_it(
    planned: Planned, owner: Person, now: FrozenClock
) -> None:
    now.set(SEND_AT + timedelta(hours=2))
    planned.start()
    assert planned.state == ("missed", "late")
    copied()
    assert confirmed(planned, owner) == live_lock.Confirmed()
    assert planned.state == ("missed", "restored")
    assert planned.addresses == BOTH


def test_H9_a_missed_message_of_a_copy_goes_out_when_somebody_says_so_and_not_twice(
    planned: Planned, owner: Person, now: FrozenClock
) -> None:
    copied()
    now.set(SEND_AT)
    confirmed(planned, owner)
    control.retry(planned.event_id, planned.id, PLACE, planned.acting(), people=2)
    assert (planned.state, planned.start()) == (("sending", None), [])
    assert planned.jobs == [("running", SEND_AT)]


def test_H9_a_run_of_a_scheduled_message_is_in_doubt_as_any_other(
    planned: Planned, owner: Person, now: FrozenClock
) -> None:
    now.set(SEND_AT)
    planned.start()
    copied()
    assert confirmed(planned, owner) == live_lock.Confirmed(in_doubt=2)
    assert planned.addresses == dict.fromkeys(BOTH, "unknown")


def test_H9_the_button_that_sends_it_now_stands_below_the_warning(
    planned: Planned, owner: Person, now: FrozenClock, client_for: Callable[[Person], Client]
) -> None:
    copied()
    now.set(SEND_AT)
    confirmed(planned, owner)
    page = words(client_for(planned.by).get(f"/admin/events/{planned.event_id}/scheduled"))
    warning = "This eventmail was restored or copied, and the one it came from may have sent it."
    assert 0 < page.index(warning) < page.index("Send now (2)")


def test_H9_its_author_hears_that_it_asks(planned: Planned, owner: Person, now: FrozenClock) -> None:
    copied()
    now.set(SEND_AT)
    confirmed(planned, owner)
    told = select(AccountMail.kind, AccountMail.address, AccountMail.state)
    assert [tuple(row) for row in fresh().execute(told)] == [("result", planned.by.email, "queued")]


def test_H9_a_second_confirmation_changes_nothing(planned: Planned, owner: Person, now: FrozenClock) -> None:
    copied()
    confirmed(planned, owner)
    now.set(SEND_AT)
    assert confirmed(planned, owner) == live_lock.Confirmed()
    assert planned.state == ("scheduled", None)


def test_H9_restore_tells_what_is_scheduled_and_what_becomes_of_it(
    party: Planned, now: FrozenClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    party.plan(text=replace(TEXT, subject="<b>Bring</b> a coat"))
    party.plan(LATER, key="later", text=replace(TEXT, subject="שלום"))
    file = tmp_path / "backup.tgz"
    backup.write(party.settings, file, "1", clock.now())
    now.set(SEND_AT)

    assert restore(file, tmp_path / "elsewhere", monkeypatch) == 0

    restored, *scheduled = capfd.readouterr().out.splitlines()
    assert restored.startswith(f"Restored into {tmp_path / 'elsewhere'} as it was on 2027-03-04 at 12:00 UTC.")
    assert scheduled == [
        "These go out at their time, once this one is confirmed:",
        "  2027-04-30 18:00 CEST  “שלום” of Fixture Gala, 2 guests",
        "The time of these is over, so they don't go out by themselves: the other one may have sent them. Each asks:",
        "  2027-04-30 18:00 CEST  “<b>Bring</b> a coat” of Fixture Gala, 2 guests",
    ]


def test_H9_restore_says_nothing_of_schedules_where_there_are_none(
    party: Planned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    backup.write(party.settings, tmp_path / "backup.tgz", "1", clock.now())
    assert restore(tmp_path / "backup.tgz", tmp_path / "elsewhere", monkeypatch) == 0
    assert capfd.readouterr().out.count("\n") == 1


def test_H9_who_confirms_reads_which_messages_go_out_and_which_ask(
    party: Planned, owner: Person, organizer: Person, client_for: Callable[[Person], Client], now: FrozenClock
) -> None:
    party.plan(text=replace(TEXT, subject="<b>Bring</b> a coat"))
    party.plan(LATER, key="later", text=replace(TEXT, subject="שלום"))
    copied()
    now.set(SEND_AT)
    to_come = (
        "1 scheduled message goes out at its time once this is the live one. Look at it then: what was changed or "
        "cancelled in the other one is not known here."
    )
    past = (
        "The time of 1 scheduled message is over, and the other one may have sent it. It does not go out by itself; it "
        "asks you to send it now or to cancel it."
    )
    boss = client_for(owner)
    page = words(boss.get("/admin/live"))
    listed = "Due by now 2027-04-30 18:00 CEST : <b>Bring</b> a coat ( Fixture Gala , 2 guests) Still to come "
    assert (to_come in page, past in page, listed in page) == (True, True, True)
    others = words(client_for(organizer).get("/admin/live"))
    assert (to_come in others, past in others, "a coat" in others) == (True, True, False)

    assert boss.submit("/admin/live").status_code == 303
    said = "1 scheduled message was due before now and may have been sent; nothing of that leaves before somebody"
    assert f"{said} says so." in words(boss.get("/admin/events"))


def test_H9_a_program_that_confirms_is_told_what_asks(
    planned: Planned, owner: Person, api_for: Callable[[Person], Client], now: FrozenClock
) -> None:
    copied()
    now.set(SEND_AT)
    assert api_for(owner).post("/admin/live").json == {"live": True, "in_doubt": 0, "missed": 1}


def restore(file: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("EVENTMAIL_INSTANCE", str(into))
    with pytest.raises(SystemExit) as ended:
        cli.main(["restore", str(file)])
    return int(ended.value.code or 0)
