"""Any SMTP server as the mail service: a few kept connections, one mail in doubt at most on each (RFC 5321, 2920)."""

import ssl
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from itertools import zip_longest

from eventmail.errors import ProviderError, Refused, Transient
from eventmail.providers.base import Mail, Outcome
from eventmail.providers.smtp_opening import Timeouts, connect
from eventmail.providers.smtp_session import Session
from eventmail.providers.smtp_url import Server, parse
from eventmail.providers.smtp_wire import Closed, Lost

__all__ = ["Server", "Smtp", "Timeouts", "check", "parse"]

IDLE_SECONDS = 30.0  # many servers hang up on a silent client after a minute or less


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

    def hand_over(self, mails: Sequence[Mail]) -> Generator[Outcome, None, None]:
        """See `base.Provider`. The envelope of the next mail may be asked for ahead, never its message."""
        group = _Group(self)
        try:
            for mail, following in zip_longest(mails, mails[1:]):
                yield group.outcome(mail, following)
        finally:
            group.end()

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

    def _trust(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()  # reads hundreds of certificates, so only when needed
        return self._context


class _Group:
    """The mails of one `hand_over`: on one connection at a time, and with an end when none can be had."""

    def __init__(self, provider: Smtp) -> None:
        self._provider = provider
        self._session: Session | None = None
        self._over: ProviderError | None = None  # one attempt to connect a group, one refusal of us a job

    def outcome(self, mail: Mail, following: Mail | None) -> Outcome:
        if self._over:
            return self._over
        outcome = self._outcome(mail, following)
        if isinstance(outcome, Refused):
            self._over = outcome
        return outcome

    def end(self) -> None:
        if self._session:
            self._provider.give_back(self._session)
            self._session = None

    def _outcome(self, mail: Mail, following: Mail | None) -> Outcome:
        while True:
            try:
                session = self._session = self._session or self._provider.take()
            except ProviderError as error:
                self._over = error
                return error
            was_used = session.used
            try:
                return session.hand_over(mail, following)
            except Lost as lost:
                if not (was_used and isinstance(lost, Closed)):
                    return Transient(lost.words, code=lost.code)
            finally:
                if not session.usable:
                    self.end()


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
