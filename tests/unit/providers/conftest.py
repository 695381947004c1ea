"""A box that is busy changes nothing of what is said between us and a mail server."""

import pytest

from eventmail.providers.smtp import pool, session


@pytest.fixture(autouse=True)
def _busy_box(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long this thread did not run, the next envelope goes ahead; the test of that pause sets it."""
    monkeypatch.setattr(session, "PAUSE_SECONDS", 60.0)


@pytest.fixture
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another connection is waited for until it is open, however busy this box is."""
    monkeypatch.setattr(pool, "WIDEN_SECONDS", 60.0)
