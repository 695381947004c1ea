"""Several processes on one instance that start each round together, at a barrier."""

import multiprocessing
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from eventmail import create_app
from eventmail.settings import Settings
from tests.support import haste, turns

Round = Callable[[int, Any], Any]
TIMEOUT_S = 300.0  # far more than a hundred rounds take, also on a busy box


def race(
    instance: Path,
    play: Round | Sequence[Round],
    rounds: int,
    arguments: Any = None,
    *,
    pages: bool = False,
) -> list[list[Any]]:
    """`play(round, arguments)` in each process for each round, begun together: the answers by round, one a process.

    With several functions each process plays its own; one is played by two. They run in the context of an app, with
    `pages` if they ask for any, and must be functions of a module. An exception in any process is raised here.
    """
    plays = list(play) if isinstance(play, Sequence) else [play] * 2
    processes = len(plays)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.warm"])  # else each process would take a second to import the same
    barrier, answers = context.Barrier(processes), context.Queue()
    workers = [
        context.Process(
            target=_work, args=(number, instance, own, rounds, arguments, pages, barrier, answers), daemon=True
        )
        for number, own in enumerate(plays)
    ]
    for worker in workers:
        worker.start()
    try:
        found = dict(answers.get(timeout=TIMEOUT_S) for _ in workers)
    finally:
        for worker in workers:
            worker.join(5)
            worker.kill()
    wrong = [answer for answer in found.values() if isinstance(answer, str)]
    assert wrong == [], "\n".join(wrong)
    return [list(answer) for answer in zip(*(found[number] for number in range(processes)), strict=True)]


def _work(
    number: int, instance: Path, play: Round, rounds: int, arguments: Any, pages: bool, barrier: Barrier, answers: Any
) -> None:
    try:
        turns.lengthen()
        haste.hash_at_once(pytest.MonkeyPatch())
        app = create_app(Settings(instance=instance), pages=pages)
        told = []
        for turn in range(rounds):
            barrier.wait(TIMEOUT_S)
            with app.app_context():
                told.append(play(turn, arguments))
        answers.put((number, told))
    except BaseException:  # whatever it was, the parent must hear of it
        barrier.abort()
        answers.put((number, traceback.format_exc()))
        raise
