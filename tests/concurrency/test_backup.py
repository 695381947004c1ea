"""A backup that is taken while a real worker sends, and restored beside it: consistent, and silent (H9)."""

import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from eventmail import backup
from eventmail.domain.instance import live_lock
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.live import ROOT, Live
from tests.support.messages import MESSAGE
from tests.support.waiting import wait_for

EVENTMAIL = str(Path(sys.executable).parent / "eventmail")


def kept(live: Live) -> Counter[str]:
    return Counter(str(mail["To"]) for mail in live.outbox())


def by_state(live: Live) -> Counter[str]:
    return Counter(row["state"] for row in live.query("SELECT state FROM recipient"))


def counters(live: Live) -> Counter[str]:
    [row] = live.query("SELECT n_queued, n_sending, n_sent, n_unknown FROM mailing")
    return +Counter({name.removeprefix("n_"): number for name, number in row.items()})


def test_H9_a_backup_taken_in_mid_send_opens_is_consistent_and_does_not_send(
    make_live: Callable[..., Live], tmp_path: Path
) -> None:
    live = make_live(EVENTMAIL_RATE_PER_SECOND="20")  # so that it is under way for longer than any box needs
    live.start()
    with live.app.app_context():
        seeding.add_guests(live.event_id, 400)
    live.api("POST", f"/admin/events/{live.event_id}/mailings", MESSAGE, {"Idempotency-Key": "once"})
    wait_for(lambda: sum(kept(live).values()) >= 20, what="some mails to leave")

    file = tmp_path / "backup.tgz"
    command = [EVENTMAIL, "backup", str(file)]
    done = subprocess.run(command, cwd=ROOT, env=live.environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"Written: {file}")
    live.stop_worker()
    live.environment["EVENTMAIL_RATE_PER_SECOND"] = "1000"  # the rest need not wait
    live.start_worker()

    other = make_live()
    other.stop()
    for path in other.instance.glob("*"):
        path.unlink()
    backup.restore(Settings(instance=other.instance), file)
    before = by_state(other)
    assert (counters(other), before.total(), before["queued"] > 0) == (before, 400, True)

    other.start()
    other.run("eventmail tick")
    wait_for(lambda: other.health()["queue"] == 0, what="every ring to be answered")
    assert (kept(other), by_state(other)["queued"]) == (Counter(), before["queued"])

    with other.app.app_context():
        live_lock.confirm(Settings(instance=other.instance).database, seeding.acting(other.owner))
    other.run("eventmail tick")  # not to wait for the minute
    wait_for(lambda: other.query("SELECT state FROM mailing") == [{"state": "finished"}], what="the run to end")
    assert kept(other) == Counter()
    assert by_state(other) == +Counter(sent=before["sent"], unknown=400 - before["sent"])

    wait_for(lambda: live.query("SELECT state FROM mailing") == [{"state": "finished"}], what="the original to end")
    assert (len(kept(live)), max(kept(live).values())) == (400, 1)


def test_H9_a_database_copied_in_mid_send_and_put_back_later_mails_nobody_twice(
    make_live: Callable[..., Live], tmp_path: Path
) -> None:
    live = make_live(EVENTMAIL_RATE_PER_SECOND="20")
    live.start()
    with live.app.app_context():
        seeding.add_guests(live.event_id, 200)
    live.api("POST", f"/admin/events/{live.event_id}/mailings", MESSAGE, {"Idempotency-Key": "once"})
    wait_for(lambda: sum(kept(live).values()) >= 20, what="some mails to leave")
    with closing(sqlite3.connect(live.instance / "app.sqlite")) as database:
        database.execute("VACUUM INTO ?", (str(tmp_path / "older.sqlite"),))
    before = sum(kept(live).values())
    wait_for(lambda: sum(kept(live).values()) >= before + 20, what="more mails to leave")
    live.kill_worker()
    live.stop()

    for beside in live.instance.glob("app.sqlite-*"):
        beside.unlink()
    (live.instance / "app.sqlite").write_bytes((tmp_path / "older.sqlite").read_bytes())
    live.environment["EVENTMAIL_RATE_PER_SECOND"] = "1000"
    live.start()
    live.run("eventmail tick")
    wait_for(lambda: live.health()["queue"] == 0, what="every ring to be answered")
    assert max(kept(live).values()) == 1
    assert by_state(live)["queued"] > 0

    with live.app.app_context():
        live_lock.confirm(Settings(instance=live.instance).database, seeding.acting(live.owner))
    live.run("eventmail tick")
    wait_for(lambda: live.query("SELECT state FROM mailing") == [{"state": "finished"}], what="the run to end")
    assert max(kept(live).values()) == 1
    assert +by_state(live) == Counter(sent=by_state(live)["sent"], unknown=200 - by_state(live)["sent"])
