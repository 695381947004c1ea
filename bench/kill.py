"""At most once under SIGKILL: one send, the worker killed again and again at random moments, then every mail counted.

`python bench/kill.py [--n 20000] [--kills 50] [--seed 1]`; one JSON line. Ends with 1 when a mail was doubled or lost.
"""

import argparse
import random
import statistics
import sys
import time
from collections import Counter

from harness import report, wait_for
from running import Instance
from smtp_tools import RecordingSink

PATIENCE_SECONDS = 300.0
YOUNG = 0.2  # share of kills that come at any time after the start, before the first mail of that worker too
YOUNG_SECONDS = 1.5
NAMED = ("failed", "unknown", "suppressed", "cancelled")


class Aftermath:
    """What each dead worker left in `sending`, how much of it is in doubt, and how soon the next worker says so."""

    def __init__(self, it: Instance) -> None:
        self._it = it
        self._doubts = 0
        self._kills = 0  # since the last look
        self._workers: set[str] = set()  # who had shown a sign of life at the last kill
        self.left: list[int] = []
        self.doubts_per_kill: list[float] = []
        self.settled_s: list[float] = []
        self.after_sign_s: list[float] = []

    def count(self) -> None:
        """Right after a kill."""
        self._kills += 1
        self._workers = {str(row[0]) for row in self._it.rows("SELECT owner FROM worker")}
        [(left,)] = self._it.rows("SELECT count(*) FROM recipient WHERE state = 'sending'")
        self.left.append(left)

    def await_settled(self, dead: str | None, started: float) -> None:
        """After the next worker's start: until nothing of the dead one is `sending`, and what of it is in doubt.

        Its own start, of which a busy box makes seconds, ends with its first sign of life.
        """
        if dead is None:
            return
        lives = "SELECT 1 FROM worker WHERE started_at = (SELECT max(started_at) FROM worker) AND owner NOT IN ({})"
        known = ", ".join("?" * len(self._workers))
        wait_for(lambda: self._it.rows(lives.format(known), *self._workers), 60, "", step=0.01, late_is_fine=True)
        signed = time.perf_counter()
        there = "SELECT 1 FROM recipient WHERE state = 'sending' AND claim_owner = ? LIMIT 1"
        wait_for(lambda: not self._it.rows(there, dead), 30, "", step=0.01, late_is_fine=True)
        self.settled_s.append(time.perf_counter() - started)
        self.after_sign_s.append(time.perf_counter() - signed)
        [(doubts,)] = self._it.rows("SELECT count(*) FROM recipient WHERE state = 'unknown'")
        self.doubts_per_kill.append((doubts - self._doubts) / self._kills)
        self._doubts, self._kills = doubts, 0

    def owner(self) -> str | None:
        """Who has rows in `sending`: the one worker that there is."""
        found = self._it.rows("SELECT claim_owner FROM recipient WHERE state = 'sending' LIMIT 1")
        return str(found[0][0]) if found else None


def _await_moment(sink: RecordingSink, chance: random.Random, mails: float, mail_bytes: float) -> None:
    """Wait for a random moment of the life of the worker that was just started."""
    wanted = sink.size() + chance.uniform(0, 2 * mails) * mail_bytes
    wait_for(lambda: sink.size() > wanted, 20, "", step=0.0005, late_is_fine=True)


def _kill_again_and_again(it: Instance, sink: RecordingSink, kills: int, n: int, chance: random.Random) -> Aftermath:
    after = Aftermath(it)
    dead, started = None, time.perf_counter()
    for number in range(kills):
        taken = len(sink.recipients())
        a_line = sink.size() / taken if taken else len("guest10000@example.com\n")
        if number and chance.random() < YOUNG:
            time.sleep(chance.uniform(0, YOUNG_SECONDS))
        else:
            after.await_settled(dead, started)
            _await_moment(sink, chance, 0.9 * (n - taken) / (kills - number + 1), a_line)
        it.kill_worker()
        after.count()
        dead, started = after.owner(), time.perf_counter()
        it.start_worker(wait=False)
    after.await_settled(dead, started)
    return after


def run(n: int, kills: int, seed: int) -> bool:
    """One send of n under `kills` kills; whether nothing was doubled or lost."""
    chance = random.Random(seed)
    with RecordingSink() as sink, Instance(n, sink.port) as it:
        began = time.perf_counter()
        mailing = it.send()
        after = _kill_again_and_again(it, sink, kills, mailing["recipient_count"], chance)
        last_kill, ended_early = time.perf_counter(), it.mailing(mailing["id"])["state"] == "finished"
        over = wait_for(
            lambda: it.mailing(mailing["id"])["state"] == "finished", PATIENCE_SECONDS, "", 0.1, late_is_fine=True
        )
        ended = time.perf_counter()
        got = Counter(sink.recipients())
        states = dict(it.rows("SELECT address, state FROM recipient WHERE mailing_id = ?", int(mailing["id"])))
        logs = it.logs()
    duplicates = sum(times - 1 for times in got.values())
    lost = [to for to, state in states.items() if to not in got and state not in NAMED]
    report(
        "kill/eventmail", len(states), ended - began, None, None,
        kills=kills, seed=seed, duplicates=duplicates, lost=len(lost), strangers=len(set(got) - set(states)),
        delivered=len(got), states=dict(Counter(states.values())),
        unknown_but_delivered=sum(state == "unknown" and to in got for to, state in states.items()),
        not_settled=0 if over else sum(state in {"queued", "sending"} for state in states.values()),
        left_max=max(after.left), left_total=sum(after.left), kills_with_mails_in_hand=sum(map(bool, after.left)),
        doubt_max=max(after.doubts_per_kill, default=0), settled_max_s=max(after.settled_s, default=0),
        after_sign_max_s=max(after.after_sign_s, default=0),
        settled_median_s=statistics.median(after.settled_s or [0]), ended_s=ended - last_kill,
        ended_before_last_kill=ended_early,
    )  # fmt: skip
    if not over:
        print(logs, file=sys.stderr)
    return bool(over) and not duplicates and not lost


def main() -> None:
    """One run; the exit code says whether the promise held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    sys.exit(0 if run(asked.n, asked.kills, asked.seed) else 1)


if __name__ == "__main__":
    main()
