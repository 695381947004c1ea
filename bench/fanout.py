"""Fan-out: from the press of Send to the last mail in the sink and the job finished; beside it, LIMIT and the peers.

`python bench/fanout.py [--n 20000] [--rounds 3] [--delay-ms 10 [--lock-step]] [--peers DIR]`; one JSON line a run.
"""

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from harness import ROOT, Peak, Sampler, cpu_seconds, percentile, report, skip, wait_for
from running import Instance, mail_bytes
from smtp_tools import CountingSink, Missing, SlowLine, fastest, peer

PATIENCE_SECONDS = 900.0
TRACKER_SECONDS = 1.0  # how often an open tracker page asks (T2)
PEERS = (("peer_post_office.py", "p1", 1500), ("peer_naive_huey.py", "thread4", 400))


class Watch:
    """What the sink has and what the tracker says, with the time of each look."""

    def __init__(self, sink: CountingSink) -> None:
        self._sink = sink
        self.sink: list[tuple[float, int]] = []
        self.lags: list[float] = []

    def look(self) -> None:
        """The sink's count, remembered when it grew."""
        count = self._sink.count()
        if not self.sink or count > self.sink[-1][1]:
            self.sink.append((time.perf_counter(), count))

    def has(self, wanted: int) -> bool:
        """Whether the sink had them all at the last look."""
        return bool(self.sink) and self.sink[-1][1] >= wanted

    def tracker(self, told: int) -> None:
        """The tracker showed `told` mails sent: for how long had the sink had one more than that?"""
        now = time.perf_counter()
        ahead = [at for at, count in self.sink if count > told]
        self.lags.append(now - ahead[0] if ahead else 0.0)


def product(n: int, delay_ms: float, *, lock_step: bool) -> None:
    """One send of eventmail: N guests, web, one worker."""
    with ExitStack() as stack:
        sink = stack.enter_context(CountingSink(lock_step=lock_step))
        port = stack.enter_context(SlowLine(sink.port, delay_ms)).port if delay_ms else sink.port
        it = stack.enter_context(Instance(n, port))
        pid, peak, watch = it.worker.pid, Peak(it.worker.pid), Watch(sink)
        with Sampler(0.25, peak), Sampler(0.005, watch.look):
            cpu, began = cpu_seconds(pid), time.perf_counter()
            mailing = it.send()
            accepted, wanted = time.perf_counter() - began, mailing["recipient_count"]
            end = began + PATIENCE_SECONDS
            while (now := it.mailing(mailing["id"]))["state"] != "finished" and time.perf_counter() < end:
                watch.tracker(now["counts"]["sent"])
                pause = 0.02 if watch.has(wanted) else TRACKER_SECONDS
                wait_for(lambda: watch.has(wanted), pause, "", 0.01, late_is_fine=True)
                time.sleep(0.01)
            wait_for(lambda: watch.has(wanted), 10, "", late_is_fine=True)
            seconds, cpu = time.perf_counter() - began, cpu_seconds(pid) - cpu
        delivered, first = sink.count(), next((at - began for at, count in watch.sink if count), 0.0)
        if now["state"] != "finished" or delivered != wanted:
            sys.exit(f"{delivered} of {wanted} arrived, the mailing is {now['state']}: {now['counts']}\n{it.logs()}")
        report(
            _name("eventmail", delay_ms, lock_step=lock_step), wanted, seconds, cpu, peak.mb,
            cpu_s_per_1000=1000 * cpu / wanted, accepted_s=accepted, first_mail_s=first,
            tracker_lag_max_s=max(watch.lags, default=0.0),
            tracker_lag_p50_s=percentile(watch.lags, 0.5) if watch.lags else 0.0,
        )  # fmt: skip


def limit(n: int, size: int, delay_ms: float, *, lock_step: bool) -> None:
    """One run of the fastest known sender into the same sink, over the same line."""
    with ExitStack() as stack:
        sink = stack.enter_context(CountingSink(lock_step=lock_step))
        port = stack.enter_context(SlowLine(sink.port, delay_ms)).port if delay_ms else sink.port
        seconds, cpu = fastest(port, n, size)
        report(_name("LIMIT", delay_ms, lock_step=lock_step), n, seconds, cpu, None, bytes=size)


def _name(who: str, delay_ms: float, *, lock_step: bool) -> str:
    return f"fanout/{who}" + (f"/delay{delay_ms:g}ms" if delay_ms else "") + ("/lockstep" if lock_step else "")


def _peers(folder: Path, python: str) -> None:
    for script, mode, n in PEERS:
        why = peer(folder, script, mode, n, python)
        if why:
            skip(script, why)


def main() -> None:
    """Rounds of LIMIT, eventmail and, on a fast line, the peers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, help="guests; 20000, or 1000 behind a slow line")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay-ms", type=float, default=0, help="hold back each direction by a proxy")
    parser.add_argument("--lock-step", action="store_true", help="a server that does not offer PIPELINING")
    parser.add_argument("--peers", type=Path, default=ROOT.parent / "shared" / "bench", help="folder of their scripts")
    parser.add_argument("--peers-python", default=sys.executable, help="a Python that has what they need")
    asked = parser.parse_args()
    n = asked.n or (1_000 if asked.delay_ms else 20_000)
    try:
        size = mail_bytes()
        for _ in range(asked.rounds):
            limit(n, size, asked.delay_ms, lock_step=asked.lock_step)
            product(n, asked.delay_ms, lock_step=asked.lock_step)
            if not asked.delay_ms:
                _peers(asked.peers, asked.peers_python)
    except Missing as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main()
