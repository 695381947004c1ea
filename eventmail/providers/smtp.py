"""Any SMTP server as the mail service: a few kept connections, one mail in doubt at most on each (RFC 5321, 2920)."""

import ssl
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator

from eventmail.providers.base import HandedOver, Mail, MayBegin, Outcome, ProviderError, Refused, Transient
from eventmail.providers.smtp_opening import Timeouts, connect
from eventmail.providers.smtp_session import Session
from eventmail.providers.smtp_url import Server, parse
from eventmail.providers.smtp_wire import Closed, Lost

__all__ = ["Server", "Smtp", "Timeouts", "check", "parse"]

LANES = 4  # connections of one worker at most
WORTH_A_LANE = 8  # mails in hand that make one more connection worth its opening
NARROW_SECONDS = 60.0
IDLE_SECONDS = 30.0  # many servers hang up on a silent client after a minute or less
_Lane = Generator[tuple[Mail, Outcome] | None, None, None]


class Smtp:
    """Mail to `server`, as `parse` read it from EVENTMAIL_SMTP_URL. Safe in threads; connections are kept and shared.

    `context` replaces the system's certificates, `timeouts` and `idle_seconds` are for tests.
    """

    name = "smtp"
    honours_keys = False

    def __init__(
        self,
        server: Server,
        *,
        timeouts: Timeouts | None = None,
        context: ssl.SSLContext | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.server = server
        self.outside = server.outside
        self._timeouts = timeouts or Timeouts()
        self._context = context
        self._idle_seconds = idle_seconds
        self._resting: list[Session] = []
        self._lock = threading.Lock()
        self._pipelines = True
        self._narrow_until = 0.0

    def hand_over(self, mails: Iterable[Mail], may_begin: MayBegin) -> HandedOver:
        """See `base.Provider`. The envelope of the next mail may be asked for ahead, never its message."""
        return _Group(self, mails, may_begin).outcomes()

    def close(self) -> None:
        """Take leave of the server on every connection that rests."""
        with self._lock:
            resting, self._resting = self._resting, []
        for session in resting:
            session.quit()

    def take(self) -> Session:
        """A connection that rested, if it still stands, else a new one. Raises Transient or Refused."""
        while True:
            with self._lock:
                session = self._resting.pop() if self._resting else None
            if session is None:
                opened = connect(self.server, self._timeouts, self._trust)
                return Session(opened, self.server, self._timeouts, pipelines=self._pipelines)
            if time.monotonic() - session.rested_at <= self._idle_seconds and session.answers():
                session.rested_at = time.monotonic()
                return session
            session.quit()

    def give_back(self, session: Session) -> None:
        """Keep the connection for the next group, or end it when a mail was begun on it."""
        if session.is_hasty:
            self._pipelines = False
        if session.at_rest:
            with self._lock:
                self._resting.append(session)
        else:
            session.quit()

    def may_widen(self, mails: int) -> bool:
        """Whether a group that has begun so many mails may use one more connection."""
        return bool(self._resting) or (mails >= WORTH_A_LANE and time.monotonic() >= self._narrow_until)

    def keep_narrow(self) -> None:
        """The server takes no more connections than there are: for a while, no more are tried."""
        self._narrow_until = time.monotonic() + NARROW_SECONDS

    def _trust(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()  # reads hundreds of certificates, so only when needed
        return self._context


class _Group:
    """The mails of one `hand_over`, on a few lanes: each one connection at a time, served while the others wait."""

    def __init__(self, provider: Smtp, mails: Iterable[Mail], may_begin: MayBegin) -> None:
        self._provider = provider
        self._may_begin = may_begin
        self._mails = iter(mails)
        self._taken = 0
        self._has_more = True
        self._returned: list[Mail] = []  # by a lane that got no connection
        self._waiting = deque([self._lane()])
        self._over: ProviderError | None = None  # one attempt to connect a group, one refusal of us a job

    def outcomes(self) -> HandedOver:
        """The outcomes of all lanes, from one thread: what a lane waits for costs the others nothing."""
        try:
            while self._waiting:
                lane = self._waiting.popleft()
                for told in lane:
                    if told is None:
                        self._waiting.append(lane)
                        break
                    yield told
                if len(self._waiting) < LANES and self._has_more and self._provider.may_widen(self._taken):
                    self._waiting.appendleft(self._lane())
        finally:
            for lane in self._waiting:
                lane.close()

    def _lane(self) -> _Lane:
        session: Session | None = None
        following = None
        try:
            while mail := following or self._next():
                following = self._next()
                outcome: Outcome | None = self._over
                while outcome is None:
                    try:
                        session = session or self._provider.take()
                    except ProviderError as error:
                        if self._waiting:  # the others have connections; perhaps more than theirs are too many
                            self._provider.keep_narrow()
                            self._returned += [each for each in (following, mail) if each]
                            return
                        self._over = outcome = error
                        break
                    was_used = session.used
                    try:
                        outcome = yield from session.hand_over(mail, following, self._may_begin)
                        if outcome is None:
                            self._has_more = False
                            return
                    except Lost as lost:
                        if not (was_used and isinstance(lost, Closed)):
                            outcome = Transient(lost.words, code=lost.code)
                    finally:
                        if not session.usable:
                            self._provider.give_back(session)
                            session = None
                yield mail, outcome
                if isinstance(outcome, Refused):
                    self._over = outcome
                    return
        finally:
            if session:
                self._provider.give_back(session)

    def _next(self) -> Mail | None:
        mail = None
        if not isinstance(self._over, Refused):  # who is refused asks no further
            mail = self._returned.pop() if self._returned else next(self._mails, None)
        self._taken += 1
        self._has_more = mail is not None
        return mail


def check(url: str, *, timeouts: Timeouts | None = None, context: ssl.SSLContext | None = None) -> list[str]:
    """Open a connection, sign in, take leave, without a mail: sentences about what was found.

    Raises ValueError for the URL and, with the sentence in `detail`, Refused or Transient when no mail could be sent.
    """
    server = parse(url)
    opened = connect(server, timeouts or Timeouts(), lambda: context or ssl.create_default_context())
    session = Session(opened, server, timeouts or Timeouts())
    try:
        return list(_findings(server, opened.wire.encryption, opened.features, signed_in=opened.signed_in))
    finally:
        session.quit()


def _findings(server: Server, encryption: str, features: dict[str, str], *, signed_in: bool) -> Iterator[str]:
    yield f"The mail server {server.host}, port {server.port}, answers"
    if encryption:
        yield f"The connection is encrypted ({encryption}), its certificate trusted"
    else:
        yield "The connection is not encrypted: the mail server does not offer it"
    yield f"It takes the credentials of {server.user}" if signed_in else "No credentials are set, none were asked for"
    if features.get("SIZE", "0").isdecimal() and int(features.get("SIZE", "0")):
        yield f"It takes mails of up to {int(features['SIZE']) // 1024:,} KB"
    if "PIPELINING" not in features:
        yield "It takes one command at a time, so mails leave more slowly"
