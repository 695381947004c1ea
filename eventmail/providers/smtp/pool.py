"""The connections of one process to its mail server: at rest, at work, or being opened by threads of their own.

A server may take minutes to greet (RFC 5321 4.5.3.2). So a worker asks for a connection, does something else, and
comes back when the connection stands (S11a).
"""

import logging
import threading
import time

from eventmail.providers.base import ProviderError, Transient, Waits
from eventmail.providers.smtp.opening import GetContext, Opening, Timeouts, connect
from eventmail.providers.smtp.session import Session
from eventmail.providers.smtp.url import Server

log = logging.getLogger(__name__)

LANES = 4  # connections of one worker at most
PATIENCE_SECONDS = 2.0  # how long a caller waits for a connection that is being opened
WIDEN_SECONDS = 0.2  # the same for one connection more, since the others have mail to carry meanwhile
SLOW_SECONDS = 0.25  # a mail that takes longer makes the server a slow one: fewer than WORTH_A_LANE go in a turn
NARROW_SECONDS = 60.0
NEWS_SECONDS = 30.0  # how long a failed opening is worth telling
WANTED_SECONDS = 60.0  # a caller that has not asked for so long will not come back
# The pause after two or more openings failed in a row; each failure doubles it. Without a pause a run would sign in for
# each of its groups, and services lock out a client that does so.
PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


class Pool:
    """Safe in threads. `get_context` returns the TLS context with the trusted certificates."""

    def __init__(self, server: Server, timeouts: Timeouts, get_context: GetContext, idle_seconds: float) -> None:
        self.server = server
        self._timeouts = timeouts
        self._get_context = get_context
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()
        self._resting: list[Session] = []
        self._busy: set[Session] = set()
        self._openings: list[Opening] = []
        self._failed: tuple[ProviderError, float] | None = None
        self._in_vain = 0  # openings that failed in a row
        self._open_from = self._in_vain_since = 0.0
        self._wanted: dict[str, float] = {}
        self._pipelines = True
        self.is_slow = False  # as of the last mail; a slow server is worth more connections sooner
        self._narrow_until = 0.0

    def stands(self, who: str, seconds: float) -> bool:
        """A caller that comes again while the same connection is being opened does not wait again."""
        end = time.monotonic() + seconds
        while True:
            self._rest(self._resting_one())
            with self._changed:
                now = self._wanted[who] = time.monotonic()
                if self._resting or self._news():
                    return True
                opening = self._first_opening()
                left = min(end, opening.began + PATIENCE_SECONDS) - now if opening else end - now
                if left <= 0:
                    return False
                self._await_change(left)

    def spare(self, who: str) -> None:
        """When nobody needs a connection any more, those that are being opened are given up."""
        with self._changed:
            self._wanted.pop(who, None)
            self._give_up_unwanted()

    def take(self, seconds: float) -> Session | None:
        """A resting connection, None after `seconds` without one. Opens none for 0. Raises ProviderError."""
        end = time.monotonic() + seconds
        while True:
            session = self._resting_one()
            with self._changed:
                if session:
                    session.rested_at = session.asked_at = time.monotonic()
                    self._busy.add(session)
                    return session
                if self._resting:
                    continue
                left = end - time.monotonic()
                if left <= 0:
                    return None
                error, self._failed = self._news(), None
                if error:
                    raise error
                self._first_opening()
                self._await_change(left)

    def give_back(self, session: Session) -> None:
        """Keep the connection for the next group, or end it if a mail was begun on it."""
        with self._changed:
            self._busy.discard(session)
            self.is_slow = session.rested_at - session.asked_at > SLOW_SECONDS
            if session.is_hasty:
                self._pipelines = False
        self._rest(session)

    @property
    def has_resting(self) -> bool:
        return bool(self._resting)

    def may_widen(self) -> bool:
        """Whether one more connection rests. Opens one if none rests and more are allowed."""
        with self._changed:
            now = time.monotonic()
            if not (self._resting or self._openings) and now >= self._narrow_until and len(self._busy) < LANES:
                self._open(wide=True)
            if not self._resting and self._openings:
                left = self._openings[0].began + WIDEN_SECONDS - now
                if left > 0:
                    self._changed.wait(left)
            return bool(self._resting)

    def keep_narrow(self) -> None:
        """Open no more connections for a while, since the server takes no more of them."""
        self._narrow_until = time.monotonic() + NARROW_SECONDS

    def waits(self) -> Waits | None:
        """The wait that has lasted longest, counted from the last mail that went."""
        with self._changed:
            waiting = [(opening.since, opening.words) for opening in self._openings]
            waiting += [(session.asked_at, "to take a mail") for session in self._busy]
            if not waiting and self._wanted and time.monotonic() < self._open_from:
                waiting = [(self._in_vain_since, "to take us in")]
            if not waiting:
                return None
            since, words = min(waiting)
            went = max((session.rested_at for session in self._busy), default=since)
            seconds = time.monotonic() - max(since, went)
        return Waits(f"the mail server {self.server.host} {words}", seconds)

    def tidy(self) -> None:
        with self._changed:
            now = time.monotonic()
            self._wanted = {who: at for who, at in self._wanted.items() if now - at < WANTED_SECONDS}
            self._give_up_unwanted()
            idle = [session for session in self._resting if now - session.rested_at > self._idle_seconds]
            self._resting = [session for session in self._resting if session not in idle]
        for session in idle:
            session.quit()

    def close(self) -> None:
        """Take leave of the server on every resting connection and give up those that are being opened."""
        with self._changed:
            resting, self._resting = self._resting, []
            self._wanted.clear()
            self._give_up_unwanted()
        for session in resting:
            session.quit()

    def _resting_one(self) -> Session | None:
        """Take a resting connection that still stands. Ends those that do not."""
        while True:
            with self._changed:
                session = self._resting.pop() if self._resting else None
            if session is None:
                return None
            is_idle = session.used and time.monotonic() - session.rested_at > self._idle_seconds
            if not is_idle and session.answers():
                return session
            session.quit()

    def _rest(self, session: Session | None) -> None:
        if session and session.at_rest:
            with self._changed:
                self._resting.append(session)
                self._changed.notify_all()
        elif session:
            session.quit()

    def _news(self) -> ProviderError | None:
        is_new = self._failed and time.monotonic() - self._failed[1] < NEWS_SECONDS
        return self._failed[0] if self._failed and is_new else None

    def _first_opening(self) -> Opening | None:
        """The connection that is being opened, a new one if there is none; None while it is too early for that."""
        if self._openings:
            return self._openings[0]
        return None if time.monotonic() < self._open_from else self._open(wide=False)

    def _await_change(self, seconds: float) -> None:
        pause = self._open_from - time.monotonic()
        self._changed.wait(min(seconds, pause) if pause > 0 else seconds)

    def _opened(self, error: ProviderError | None) -> None:
        """Note how an opening ended. A refusal needs no pause, since the run stops until the settings are corrected."""
        if not isinstance(error, Transient):
            self._in_vain, self._open_from = 0, 0.0
            return
        now = time.monotonic()
        if not self._in_vain:
            self._in_vain_since = now
        elif not self._busy:
            self._open_from = now + min(PAUSE_SECONDS * 2 ** min(self._in_vain - 1, 10), LONGEST_PAUSE_SECONDS)
        self._in_vain += 1

    def _open(self, *, wide: bool) -> Opening:
        self._failed = None
        opening = Opening(wide=wide)
        self._openings.append(opening)
        threading.Thread(target=self._run, args=(opening,), name="opening", daemon=True).start()
        return opening

    def _run(self, opening: Opening) -> None:
        session, error = None, None
        try:
            opened = connect(self.server, self._timeouts, self._get_context, opening)
            session = Session(opened, self.server, self._timeouts, pipelines=self._pipelines)
        except ProviderError as failed:
            error = failed
        except Exception:  # the caller that waits for it must hear of it
            log.exception("a connection could not be opened")
            error = Transient("No connection to the mail server could be opened; eventmail's log says why")
        with self._changed:
            if opening in self._openings:
                self._openings.remove(opening)
                if session or not opening.wide:
                    self._opened(error)
                if session:
                    self._resting.append(session)
                    session = None
                elif opening.wide and (self._busy or self._resting):
                    self.keep_narrow()
                elif error:
                    self._failed = error, time.monotonic()
                self._changed.notify_all()
        if session:
            session.quit()

    def _give_up_unwanted(self) -> None:
        if self._wanted or self._busy:
            return
        openings, self._openings = self._openings, []
        for opening in openings:
            opening.give_up()
