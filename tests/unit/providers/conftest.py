"""A box that is busy changes nothing of what is said between us and a mail server."""

import pytest

from eventmail.providers.smtp import pool, service, session

LONG_SECONDS = 60.0


@pytest.fixture(autouse=True)
def _busy_box(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a thread did not run, the same happens; a test of one of these times sets it.

    The next envelope goes ahead, every connection is waited for until it is open, no friendly server is a slow one, and
    one that takes no more connections is not asked again.
    """
    monkeypatch.setattr(session, "PAUSE_SECONDS", LONG_SECONDS)
    monkeypatch.setattr(service, "PATIENCE_SECONDS", LONG_SECONDS)
    monkeypatch.setattr(pool, "WIDEN_SECONDS", LONG_SECONDS)
    monkeypatch.setattr(pool, "SLOW_SECONDS", LONG_SECONDS)
    monkeypatch.setattr(pool, "NARROW_SECONDS", 60 * LONG_SECONDS)
