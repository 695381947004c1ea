"""Medians by name, and what follows from them beside the goals: `python bench/summarize.py RESULTS.jsonl …`."""

import fileinput
import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Runs = dict[str, list[dict[str, Any]]]
HIGHER, LOWER = "at least", "at most"


@dataclass(frozen=True)
class Goal:
    """One figure: how it is computed from the runs (None when it was not measured), what it must and should be."""

    what: str
    value: Callable[[Runs], float | None]
    must: float
    aim: float
    better: str = LOWER
    unit: str = ""


def median(runs: Runs, name: str, key: str) -> float | None:
    """The median of one figure over the runs of that name."""
    values = [run[key] for run in runs.get(name, []) if run.get(key) is not None]
    return statistics.median(values) if values else None


def _plain(name: str, key: str) -> Callable[[Runs], float | None]:
    return lambda runs: median(runs, name, key)


def _highest(name: str, key: str) -> Callable[[Runs], float | None]:
    return lambda runs: max((run[key] for run in runs.get(name, [])), default=None)


def _share(name: str, of: str) -> Callable[[Runs], float | None]:
    """The median of the ratios, round by round: what slows one of them in a round slows the other."""

    def value(runs: Runs) -> float | None:
        pairs = zip(runs.get(name, []), runs.get(of, []), strict=False)
        ratios = [one["msgs_per_s"] / other["msgs_per_s"] for one, other in pairs]
        return statistics.median(ratios) if ratios else None

    return value


OURS = "fanout/eventmail"
FAR = "delay10ms"
GOALS = (
    Goal("share of LIMIT", _share(OURS, "fanout/LIMIT"), 0.30, 0.60, HIGHER),
    Goal("against django-post_office", _share(OURS, "peer/post_office/sqlite/p1"), 8, 18, HIGHER, "x"),
    Goal("against a huey task a recipient", _share(OURS, "peer/naive_huey/thread4"), 15, 40, HIGHER, "x"),
    Goal("share of LIMIT, relay 20 ms away", _share(f"{OURS}/{FAR}", f"fanout/LIMIT/{FAR}"), 0.5, 0.9, HIGHER),
    Goal("the same in lock-step", _share(f"{OURS}/{FAR}/lockstep", f"fanout/LIMIT/{FAR}/lockstep"), 0.5, 0.9, HIGHER),
    Goal("worker CPU for 1000 mails", _plain(OURS, "cpu_s_per_1000"), 0.4, 0.15, unit="s"),
    Goal("worker peak memory", _highest(OURS, "peak_mb"), 80, 50, unit="MB"),
    Goal("first mail after Send", _plain(OURS, "first_mail_s"), 1, 0.3, unit="s"),
    Goal("sink count to tracker count", _highest(OURS, "tracker_lag_max_s"), 2, 1, unit="s"),
    Goal("duplicates under kill", _highest("kill/eventmail", "duplicates"), 0, 0),
    Goal("lost mails under kill", _highest("kill/eventmail", "lost"), 0, 0),
    Goal("mails in doubt a kill", _highest("kill/eventmail", "doubt_max"), 8, 4),
    Goal("from the next worker's start to all settled", _highest("kill/eventmail", "settled_max_s"), 2, 1, unit="s"),
    Goal("web and worker at rest", _plain("pages/web and worker at rest", "peak_mb"), 160, 110, unit="MB"),
    Goal("tracker p95 during a send", _plain("pages/tracker fragment/sending", "p95_ms"), 50, 20, unit="ms"),
    Goal("guests page p95, 8 connections", _plain("pages/guests, 50 rows/rest", "p95_ms"), 25, 12, unit="ms"),
    Goal("recipients page p95, 8 connections", _plain("pages/recipients, 50 rows/rest", "p95_ms"), 25, 12, unit="ms"),
    Goal("guests page as transferred", _plain("pages/guests, 50 rows/rest", "transfer_kb"), 25, 20, unit="KB"),
    Goal(
        "editor page and what it loads",
        _plain("pages/message editor/rest", "with_assets_transfer_kb"),
        110,
        95,
        unit="KB",
    ),
)


def read(lines: Any) -> Runs:
    """The runs by name, in the order of the file; lines that are none are left out."""
    runs: Runs = {}
    for line in lines:
        if line.startswith("{") and "seconds" in (run := json.loads(line)):
            runs.setdefault(run["name"], []).append(run)
    return runs


def verdict(goal: Goal, value: float) -> str:
    """Which of the two it reaches."""
    reaches = (lambda mark: value >= mark) if goal.better == HIGHER else (lambda mark: value <= mark)
    return "aim" if reaches(goal.aim) else "must" if reaches(goal.must) else "MISSED"


def main() -> None:
    """Two tables in Markdown."""
    with fileinput.input() as lines:
        runs = read(lines)
    print("| run | runs | n | per second (range) | CPU s per 1000 | peak MB | load |\n|---|---|---|---|---|---|---|")
    for name, found in runs.items():
        rates = [run["msgs_per_s"] for run in found if run["msgs_per_s"]]
        n, cpu = found[0]["n"], median(runs, name, "cpu_s")
        loads = [run["load"] for run in found if "load" in run]
        print(
            f"| {name} | {len(found)} | {n} "
            f"| {f'{statistics.median(rates):.0f} ({min(rates):.0f}–{max(rates):.0f})' if rates else ''} "
            f"| {_shown(1000 * cpu / n if cpu is not None and n else None)} | {_shown(median(runs, name, 'peak_mb'))} "
            f"| {f'{min(loads):g}–{max(loads):g}' if loads else ''} |"
        )
    print("\n| figure | measured | must | aim | reached |\n|---|---|---|---|---|")
    for goal in GOALS:
        value = goal.value(runs)
        if value is not None:
            shown = f"{_shown(value)} {goal.unit}".strip()
            print(f"| {goal.what} | {shown} | {goal.must:g} | {goal.aim:g} | {verdict(goal, value)} |")


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
