"""A worker or web process that kills itself at one point: `python -m tests.support.killer POINT PROGRAM …`.

PROGRAM is a line of the Procfile, run in this very process. The product knows nothing of it: the named function is
wrapped, and around its n-th call the process sends itself SIGKILL, or SIGSTOP (tests/support/frozen.py). Its turns are
long, so that call number n is the same on a busy box: a turn that ended early would cut the groups that points count.
"""

import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from inspect import isfunction
from typing import Any

from tests.support import turns
from tests.support.frozen import stand_still
from tests.support.programs import run_here


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Point:
    """Die before or after call number `call` (from 1) of `target` ("module:name") for which `counts` holds."""

    target: str
    before: bool
    call: int = 1
    counts: Callable[..., bool] = lambda *_args, **_kwargs: True
    strike: Callable[[], object] = die


def _to_sending(*args: Any, **_kwargs: Any) -> bool:
    return args[1].to == "sending"


def _for_a_job(_task: object, job_id: int | None, _at: object) -> bool:
    return job_id is not None


# In groups of 20: the first is through when the second is struck. One commit records a group and marks the next.
POINTS = {
    "before the claim": Point("eventmail.sending.claim:claim", before=True),
    "after the claim": Point("eventmail.sending.claim:claim", before=False),
    "after the first mark": Point("eventmail.sending.drain:begin", before=False),
    "during hand-over": Point("eventmail.providers.outbox:Outbox.send", before=True, call=28),
    "after the reply": Point("eventmail.sending.drain:outcome.record", before=True, call=2),
    "within the record": Point("eventmail.sending.feedback:record_answers", before=False, call=2),
    "within the next mark": Point("eventmail.records:make", before=False, call=3, counts=_to_sending),
    "after record and next mark": Point("eventmail.sending.drain:outcome.record", before=False, call=2),
    "before the finish": Point("eventmail.sending.drain:finish.finish", before=True),
    "before the ring": Point("eventmail.tasks:ring", before=True),
}
# Of a scheduled message: the commit that ends its run queued a mail about it (S14).
OF_RESULTS = {"after the finish": Point("eventmail.sending.drain:finish.finish", before=False)}
# Of a run that its mail service refuses from the first mail on: the brake trips with the first group (F5).
OF_THE_BRAKE = {
    "between answers and record": Point("eventmail.sending.drain:outcome.record", before=True),
    "before the trip is kept": Point("eventmail.sending.brake:_stop", before=False),
    "between trip and question": Point("eventmail.sending.drain:outcome.record", before=False),
}
# Of a scheduled message that is due (H5).
OF_THE_START = {
    "before its transaction": Point("eventmail.sending.due:_start", before=True),
    "after the move": Point("eventmail.domain.mailings.start:recipients.rewrite", before=True),
    "after the recipients": Point("eventmail.domain.mailings.start:recipients.rewrite", before=False),
    "after the job": Point("eventmail.domain.mailings.start:send.begin_run", before=False),
    "before the commit": Point("eventmail.domain.mailings.start:when_due", before=False),
    "before its ring": Point("eventmail.tasks:_ring_at", before=True, counts=_for_a_job),
}
# Of a run whose first mail has left and whose second has begun.
IN_A_GROUP = {"at the second mail": Point("eventmail.providers.outbox:Outbox.send", before=True, call=2)}
FREEZES = {f"frozen {name}": replace(point, strike=stand_still) for name, point in (OF_THE_START | IN_A_GROUP).items()}


def arm(point: Point) -> None:
    """Wrap the function of `point`."""
    module, _, path = point.target.partition(":")
    *owners, name = path.split(".")
    holder: Any = importlib.import_module(module)
    for owner in owners:
        holder = getattr(holder, owner)
    real, lock, calls = getattr(holder, name), threading.Lock(), 0
    if not isfunction(real):  # a module of that name would be wrapped as well, and nobody would die
        raise TypeError(f"{point.target} is no function")

    @wraps(real)
    def deadly(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        with lock:
            calls += point.counts(*args, **kwargs)
            now = calls == point.call and point.counts(*args, **kwargs)
        if now and point.before:
            point.strike()
        answer = real(*args, **kwargs)
        if now and not point.before:
            point.strike()
        return answer

    setattr(holder, name, deadly)


def main(point: str, *program: str) -> None:
    """Run `program`, armed with `point`."""
    turns.lengthen()
    arm((POINTS | OF_RESULTS | OF_THE_BRAKE | OF_THE_START | FREEZES)[point])
    run_here(*program)


if __name__ == "__main__":
    main(*sys.argv[1:])
