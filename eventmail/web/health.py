"""How this process is, for monitors: all of it for whoever runs the box, little for strangers."""

import ipaddress
import logging
import threading
from datetime import datetime, timedelta

from flask import request
from sqlalchemy.exc import OperationalError

from eventmail.domain import overview

FRESH = timedelta(seconds=5)
_FORWARDED = ("Forwarded", "Via", "X-Real-Ip")
log = logging.getLogger(__name__)


class WriteCheck:
    """Whether this process can write its database: asked at most once in five seconds, by one request at a time."""

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._at: datetime | None = None
        self._works = False

    def works(self, now: datetime) -> bool:
        """The answer, not older than five seconds; while another request is finding out, the one before."""
        if self._stale(now) and self._one.acquire(blocking=self._at is None):
            try:
                if self._stale(now):
                    self._works = _writes()
                    self._at = now
            finally:
                self._one.release()
        return self._works

    def _stale(self, now: datetime) -> bool:
        return self._at is None or not timedelta(0) <= now - self._at < FRESH  # a clock may be put back


def _writes() -> bool:
    try:
        overview.prove_writable()
    except OperationalError as error:
        log.error("the database refused: %s", error.orig)
        return False
    return True


def from_this_box() -> bool:
    """Whether a program of this box asks, and no proxy for somebody else."""
    names = {name.title() for name in request.headers.keys()}  # noqa: SIM118  iterating gives pairs
    if any(name.startswith("X-Forwarded-") or name in _FORWARDED for name in names):
        return False
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
