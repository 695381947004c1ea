"""Ends a process that `eventmail run` started when that ends, even if it was killed."""

import logging
import os
import select
import signal
import threading

STARTED_BY = "_EVENTMAIL_RUN"  # in the environment: the process id of `eventmail run`
log = logging.getLogger(__name__)


def end_with_it() -> None:
    """Send this process a SIGTERM when the process that STARTED_BY names ends. Does nothing without Linux's pidfd."""
    started_by = os.environ.pop(STARTED_BY, "")
    if not started_by or not hasattr(os, "pidfd_open"):
        return
    try:
        watched = os.pidfd_open(int(started_by))
    except ProcessLookupError:
        _end()
        return
    except OSError as error:  # a kernel or container without pidfd
        log.debug("cannot watch process %s: %s", started_by, error)
        return
    threading.Thread(target=_watch, args=(watched,), name="parent", daemon=True).start()


def _watch(watched: int) -> None:
    waiting = select.poll()
    waiting.register(watched, select.POLLIN)
    waiting.poll()
    _end()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
