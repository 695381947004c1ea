"""`eventmail doctor`: what it finds, how much that matters, what to do. Each test breaks one thing."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr

from eventmail import cli, clock, doctor
from eventmail.db import db
from eventmail.doctor import Finding, Level
from eventmail.domain.instance import live_lock
from eventmail.models.account import Role
from eventmail.sending import heartbeat
from eventmail.settings import Settings
from tests.support.smtp_peer import Peer
from tests.support.web import Client


@pytest.fixture
def break_it(app: Flask, settings: Settings) -> Callable[..., None]:
    """break_it(sql, …): statements past every command, without foreign keys and checks."""

    def run(*statements: str) -> None:
        with app.app_context():
            db.engine.dispose()
        with closing(sqlite3.connect(settings.database, isolation_level=None)) as connection:
            for statement in ("PRAGMA foreign_keys=OFF", "PRAGMA ignore_check_constraints=ON", *statements):
                connection.execute(statement)

    return run


@pytest.fixture
def examine(app: Flask, settings: Settings) -> Callable[[], list[Finding]]:
    """examine(): every finding about the instance of this test, which has started once."""
    assert settings.secret

    def look() -> list[Finding]:
        return doctor.examine(settings, clock.now())

    return look


@pytest.fixture
def mailing_id(event_id: int, add_guest: Callable[..., int], api: Client) -> int:
    """A mailing to one guest that nobody has begun to hand over."""
    add_guest("ada@example.com")
    message = {"kind": "one_time", "subject": "Come", "body": "Hi", "audience": {"statuses": ["confirmed"]}}
    answer = api.post(f"/admin/events/{event_id}/mailings", json=message, headers={"Idempotency-Key": "k"})
    return int(json.loads(answer.text)["id"])


def beat(app: Flask) -> None:
    """A worker lives."""
    with app.app_context():
        heartbeat.beat(clock.now())


def wrong(findings: list[Finding]) -> list[str]:
    return [finding.what for finding in findings if finding.level is Level.WRONG]


def remarks(findings: list[Finding]) -> str:
    return "\n".join(finding.what for finding in findings if finding.level is Level.REMARK)


def the(findings: list[Finding], words: str) -> Finding:
    """The one finding that says `words`."""
    [found] = [finding for finding in findings if words in finding.what]
    return found


def test_a_fresh_instance_has_nothing_wrong(examine: Callable[[], list[Finding]]) -> None:
    assert wrong(examine()) == []


def test_H9_who_can_say_that_a_copy_is_the_live_one_is_told_also_while_there_is_no_owner(
    examine: Callable[[], list[Finding]], writing: Any, add_person: Any
) -> None:
    with writing() as tx:
        live_lock.leave(tx)
    confirms = "If no other one is live, an owner opens /admin/live and confirms this one."
    first = " There is no owner yet: “eventmail signin ADDRESS”, with an address of no colleague, makes the first."
    assert the(examine(), "restored or copied").to_do == confirms + first
    add_person("Olga", "olga@organizers.example", Role.OWNER)
    assert the(examine(), "restored or copied").to_do == confirms


def test_whatever_is_not_fine_says_what_to_do(examine: Callable[[], list[Finding]]) -> None:
    assert all(bool(finding.to_do) == (finding.level is not Level.OK) for finding in examine())


def test_practice_on_this_box_is_remarked_upon(examine: Callable[[], list[Finding]]) -> None:
    said = remarks(examine())
    for words in (
        "No worker",
        "only this box can open",
        "one-click unsubscribe",
        "eventmail@localhost",
        "Practice mode",
    ):
        assert words in said


def test_a_set_up_instance_has_no_remarks_but_practice_mode(app: Flask, settings: Settings) -> None:
    beat(app)
    here = settings.model_copy(
        update={"base_url": "https://mail.example.org", "proxies": 1, "from_": "team@example.org"}
    )
    assert here.secret
    assert remarks(doctor.examine(here, clock.now())) == "Practice mode: mail stays on this box"


def test_the_mail_service_is_asked_without_a_mail(settings: Settings) -> None:
    with Peer({"AUTH": [b"535 5.7.8 Bad\r\n"]}) as peer:
        here = settings.model_copy(update={"provider": "smtp", "smtp_url": SecretStr(peer.url)})
        named = settings.model_copy(
            update={"provider": "smtp", "smtp_url": SecretStr(peer.url.replace("//", "//team:word@"))}
        )
        fine, refused = (doctor.examine(each, clock.now()) for each in (here, named))
    assert the(fine, f"The mail server 127.0.0.1, port {peer.port}, answers").level is Level.OK
    assert the(refused, "No mail can leave: ").what.endswith("refuses the credentials: Bad")
    asked = sorted(line.partition(" ")[0] for line in peer.commands)  # of two connections, each in a thread of its own
    assert asked == ["AUTH", "EHLO", "EHLO", "QUIT"]
    gone, wrongly = (
        the(doctor.examine(settings.model_copy(update={"provider": "smtp", "smtp_url": SecretStr(url)}), clock.now()),
            "No mail can leave: ")
        for url in (peer.url, "http://127.0.0.1")
    )  # fmt: skip
    assert [found.level for found in (gone, wrongly)] == [Level.WRONG] * 2
    assert ("cannot be reached" in gone.what, "must begin with" in wrongly.what) == (True, True)


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.9", "http://[::1]:8000", "http://0.0.0.0:80"])
def test_an_address_of_this_box_is_known(url: str) -> None:
    assert "only this box" in next(doctor.base_url(url)).what


def test_an_instance_that_never_started_is_fine_and_stays_untouched(tmp_path: Path) -> None:
    findings = doctor.examine(Settings(instance=tmp_path / "new" / "instance"), clock.now())
    assert wrong(findings) == []
    assert "make run" in the(findings, "no database").to_do
    assert list(tmp_path.iterdir()) == []


# Files


def test_a_folder_in_a_file_s_place_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "instance").write_text("")
    assert doctor.folder(tmp_path / "instance").level is Level.WRONG


def test_whatever_of_the_instance_is_open_to_others_is_named(
    examine: Callable[[], list[Finding]], settings: Settings
) -> None:
    made = {"secret.key": 0o640, "outbox/1.eml": 0o644, "imports": 0o750, "huey.sqlite-wal": 0o602, "x.log": 0o604}
    for name in ("outbox/1.eml", "imports/3-a/data", "huey.sqlite-wal", "x.log"):
        (settings.instance / name).parent.mkdir(parents=True, exist_ok=True)
        (settings.instance / name).touch(mode=0o600)
    assert "Nobody else on this box" in the(examine(), "can get at").what
    for name, mode in made.items():
        (settings.instance / name).chmod(mode)
    found = the(examine(), "Other users of this box can get at")
    assert found.level is Level.WRONG
    assert all(f"{settings.instance / name} (mode {mode:04o})" in found.what for name, mode in made.items())
    assert found.to_do.startswith(f"chmod -R go= {settings.instance}")
    (settings.instance / "outbox").chmod(0o755)
    assert the(examine(), "Other users of this box can get at").what.endswith(" and 1 more")


def test_a_secret_that_cannot_be_used_is_wrong(examine: Callable[[], list[Finding]], settings: Settings) -> None:
    (settings.instance / "secret.key").write_text("00" * 31)
    assert the(examine(), "does not hold a secret").level is Level.WRONG


def test_a_secret_that_is_gone_is_wrong(examine: Callable[[], list[Finding]], settings: Settings) -> None:
    (settings.instance / "secret.key").unlink()
    assert "backup" in the(examine(), "secret.key is gone").to_do


@pytest.mark.parametrize(("megabytes", "level"), [(50, Level.WRONG), (500, Level.REMARK), (5000, Level.OK)])
def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, megabytes: int, level: Level) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=megabytes * 1024 * 1024))
    assert doctor.disk(tmp_path).level is level


# Database


def test_a_file_that_is_no_database_is_wrong(examine: Callable[[], list[Finding]], settings: Settings) -> None:
    for path in settings.instance.glob("app.sqlite*"):
        path.unlink()
    settings.database.write_bytes(b"something else " * 100)
    assert "cannot be read" in wrong(examine())[0]


def test_a_row_that_points_at_nothing_is_wrong(
    examine: Callable[[], list[Finding]], break_it: Callable[..., None], mailing_id: int
) -> None:
    break_it("DELETE FROM mailing")
    assert "recipient" in the(examine(), "point at nothing").what


def test_another_journal_is_wrong(examine: Callable[[], list[Finding]], break_it: Callable[..., None]) -> None:
    break_it("PRAGMA journal_mode=DELETE")
    assert the(examine(), "not WAL").level is Level.WRONG


@pytest.mark.parametrize(("version", "words"), [("0000", "Start eventmail once"), ("9999", "newer eventmail")])
def test_other_tables_than_this_version_s_are_wrong_and_are_not_asked(
    examine: Callable[[], list[Finding]], break_it: Callable[..., None], version: str, words: str
) -> None:
    break_it(f"UPDATE alembic_version SET version_num = '{version}'", "DROP TABLE worker")
    assert words in the(examine(), "this version needs").to_do
    assert len(wrong(examine())) == 1


def test_a_worker_is_seen_until_it_is_silent_for_a_while(app: Flask, settings: Settings) -> None:
    beat(app)
    assert the(doctor.examine(settings, clock.now()), "A worker").level is Level.OK
    later = doctor.examine(settings, clock.now() + timedelta(minutes=1))
    assert "eventmail worker" in the(later, "No worker").to_do


def test_mail_that_waits_with_nobody_sending_is_wrong(settings: Settings, mailing_id: int) -> None:
    later = clock.now() + timedelta(minutes=2)
    assert settings.secret
    assert wrong(doctor.examine(settings, clock.now())) == []
    assert "nobody is sending" in wrong(doctor.examine(settings, later))[0]


def test_mail_that_waits_for_a_busy_worker_is_fine(
    app: Flask, examine: Callable[[], list[Finding]], break_it: Callable[..., None], mailing_id: int
) -> None:
    break_it("UPDATE job SET created_at = '2026-01-01 00:00:00.000000'")
    beat(app)
    assert wrong(examine()) == []


def test_counters_that_differ_from_the_rows_are_wrong(
    examine: Callable[[], list[Finding]], break_it: Callable[..., None], mailing_id: int
) -> None:
    break_it("UPDATE recipient SET state = 'sent'")
    assert wrong(examine()) == [f"Counters and recipients differ for mailing {mailing_id}"]


def test_a_ledger_that_does_not_balance_is_wrong(
    examine: Callable[[], list[Finding]], break_it: Callable[..., None], mailing_id: int
) -> None:
    break_it("UPDATE reservation SET consumed = 1")
    assert wrong(examine()) == [f"The quota ledger does not balance for mailing {mailing_id}"]


def test_both_sums_hold_when_everything_was_sent(
    app: Flask, examine: Callable[[], list[Finding]], mailing_id: int
) -> None:
    app.extensions["huey"].immediate = True
    with app.app_context():
        app.extensions["ring"](1)
    assert wrong(examine()) == []


# The command


def run(arguments: list[str], settings: Settings, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("EVENTMAIL_INSTANCE", str(settings.instance))
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    return int(ended.value.code or 0)


def test_the_command_ends_with_0_when_nothing_is_wrong(
    examine: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", "--json"], settings, monkeypatch) == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert {tuple(sorted(finding)) for finding in json.loads(said)["findings"]} == {("level", "to_do", "what")}


def test_the_command_ends_with_1_and_what_to_do_when_something_is_wrong(
    examine: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (settings.instance / "secret.key").chmod(0o644)
    assert run(["doctor"], settings, monkeypatch) == 1
    assert f"chmod -R go= {settings.instance}" in capsys.readouterr().out


# What settings say, and what stands


def test_a_wrong_setting_is_a_finding_and_an_unknown_one_a_remark(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVENTMAIL_INSTANCE", str(tmp_path))
    monkeypatch.setenv("EVENTMAIL_PORTS", "1")
    assert cli.commands(["doctor", "--json"], standalone_mode=False) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    assert found[0] == {
        "what": "EVENTMAIL_PORTS is no setting of eventmail, so nothing reads it", "level": "remark",
        "to_do": "Did you mean EVENTMAIL_PORT?",
    }  # fmt: skip
    monkeypatch.setenv("EVENTMAIL_FROM", "nobody")
    assert cli.commands(["doctor", "--json"], standalone_mode=False) == 1
    [found] = json.loads(capsys.readouterr().out)["findings"]
    assert (found["level"], found["what"].split(": ")[1]) == ("wrong", "EVENTMAIL_FROM")


def test_https_without_a_proxy_counted_is_remarked_upon(app: Flask, settings: Settings) -> None:
    https = settings.model_copy(update={"base_url": "https://mail.example.org"})
    assert the(doctor.examine(https, clock.now()), "EVENTMAIL_PROXIES is 0").level is Level.REMARK
    behind = https.model_copy(update={"proxies": 1})
    assert "EVENTMAIL_PROXIES" not in remarks(doctor.examine(behind, clock.now()))


def test_a_full_disk_never_reads_as_no_worker(
    app: Flask, examine: Callable[[], list[Finding]], mailing_id: int, monkeypatch: pytest.MonkeyPatch,
    break_it: Callable[..., None],
) -> None:  # fmt: skip
    break_it("UPDATE job SET created_at = '2026-01-01 00:00:00'")
    beat(app)
    break_it("UPDATE worker SET seen_at = '2026-01-01 00:00:00'")  # its newer signs of life found no room
    assert "No worker is running" in remarks(examine())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
    said = examine()
    assert not [finding for finding in said if "No worker" in finding.what or "Start a worker" in finding.to_do]
    assert the(said, "cannot be told").to_do.startswith("Make room first")
    assert "on a full disk nothing can be sent" in the(said, "1 mailing is not finished").what


def test_S12_a_stopped_mailing_is_named_with_its_reason(
    app: Flask, examine: Callable[[], list[Finding]], mailing_id: int, break_it: Callable[..., None]
) -> None:
    beat(app)
    break_it("UPDATE job SET stopped = '535 Bad', created_at = '2026-01-01 00:00:00'")
    assert wrong(examine()) == [f"Mailing {mailing_id} is stopped: 535 Bad"]


def test_S13_a_mailing_that_was_begun_with_another_service_is_named(
    app: Flask, examine: Callable[[], list[Finding]], mailing_id: int, break_it: Callable[..., None]
) -> None:
    beat(app)
    break_it("UPDATE job SET provider = 'smtp'")
    [said] = wrong(examine())
    assert said.startswith(f"Mailing {mailing_id} stands. This message was begun with the mail service (smtp).")


def test_a_mailing_of_which_nothing_happens_is_stuck(
    app: Flask, examine: Callable[[], list[Finding]], mailing_id: int, break_it: Callable[..., None]
) -> None:
    beat(app)
    assert wrong(examine()) == []
    old = "'2026-01-01 00:00:00.000000'"
    break_it(f"UPDATE job SET starts_at = {old}, created_at = {old}", f"UPDATE recipient SET updated_at = {old}")
    assert wrong(examine()) == [f"Mailing {mailing_id} is stuck: nothing of it has happened since 2026-01-01 00:00 UTC"]
    break_it("UPDATE recipient SET next_attempt_at = '2099-01-01 00:00:00.000000'")  # it waits for a reason
    assert wrong(examine()) == []
