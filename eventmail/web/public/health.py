"""The write check of this process, and who may read all of its health."""

import ipaddress
import logging
import threading
from datetime import datetime, timedelta

from flask import request
from sqlalchemy.exc import OperationalError

from eventmail.db import sqlite
from eventmail.domain.instance import health
from eventmail.errors import Busy

FRESH = timedelta(seconds=5)
BUSY = timedelta(seconds=30)  # a large import keeps everybody from writing for seconds, which is no fault
_FORWARDED = ("Forwarded", "Via", "X-Real-Ip")
log = logging.getLogger(__name__)


class WriteCheck:
    """Whether this process can write its database. One request at a time finds out, at most every five seconds.

    The check never waits for another writer. When it meets one, the last result holds for half a minute at most.
    """

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._asked_at: datetime | None = None
        self._busy_since: datetime | None = None
        self._works = True  # another writer at the very first check proves that the database can be written

    def works(self, now: datetime) -> bool:
        """The result of the last five seconds; while another request is finding out, the one before."""
        if _older(self._asked_at, FRESH, now) and self._one.acquire(blocking=self._asked_at is None):
            try:
                if _older(self._asked_at, FRESH, now):
                    self._ask(now)
            finally:
                self._one.release()
        return self._works

    def _ask(self, now: datetime) -> None:
        found = _writes()
        if found is not None:
            self._works, self._busy_since = found, None
        elif self._busy_since is None:
            self._busy_since = now
        elif _older(self._busy_since, BUSY, now):
            self._works = False
            log.error("somebody else has kept the database from being written for %d s", BUSY.total_seconds())
        self._asked_at = now


def _older(at: datetime | None, than: timedelta, now: datetime) -> bool:
    return at is None or not timedelta(0) <= now - at < than  # a clock may be put back


def _writes() -> bool | None:
    """Whether the database takes a write; None when somebody else writes."""
    try:
        health.prove_writable()
    except OperationalError as error:
        if sqlite.refusal(error) is Busy:
            return None
        log.error("the database refused: %s", error.orig)
        return False
    return True


def from_this_box() -> bool:
    """Whether a program on this box asks, and no proxy on behalf of somebody else."""
    names = {name.title() for name in request.headers.keys()}  # noqa: SIM118  iterating gives pairs
    if any(name.startswith("X-Forwarded-") or name in _FORWARDED for name in names):
        return False
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
