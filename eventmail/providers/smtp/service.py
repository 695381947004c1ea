"""Any SMTP server as the mail service: a few kept connections, at most one mail in doubt on each (RFC 5321, 2920)."""

import ssl
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace

from eventmail.providers.base import HandedOver, Mail, MayBegin, Outcome, ProviderError, Refused, Transient
from eventmail.providers.limits import is_crowded
from eventmail.providers.smtp.opening import Opened, Opening, Timeouts, connect
from eventmail.providers.smtp.pool import LANES, PATIENCE_SECONDS, Pool
from eventmail.providers.smtp.session import Session
from eventmail.providers.smtp.url import Server, parse
from eventmail.providers.smtp.wire import Closed, Lost

__all__ = ["LANES", "Server", "Slow", "Smtp", "Timeouts", "check", "parse"]

WORTH_A_LANE = 8  # so many mails in hand are worth one more connection
CHECK_SECONDS = 15.0  # a person waits for the check; mail itself may wait for minutes
IDLE_SECONDS = 30.0  # many servers hang up on a silent client after a minute or less
_Lane = Generator[tuple[Mail, Outcome | None] | None, None, None]


class Smtp(Pool):
    """A `Provider` that mails through `server`, over the kept connections of its pool. Safe in threads.

    `context` replaces the system's certificates; `timeouts` and `idle_seconds` are for tests.
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
        super().__init__(server, timeouts or Timeouts(), self._trust, idle_seconds)
        self.outside = server.outside
        self._context = context

    def hand_over(self, mails: Iterable[Mail], may_begin: MayBegin) -> HandedOver:
        """Asks for the envelope of the next mail ahead of its turn, never for its message."""
        return _Group(self, mails, may_begin).outcomes()

    def _trust(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()  # reads hundreds of certificates, so only when needed
        return self._context


class _Group:
    """The mails of one `hand_over` on a few lanes. A lane has one connection at a time and works while others wait."""

    def __init__(self, pool: Pool, mails: Iterable[Mail], may_begin: MayBegin) -> None:
        self._pool = pool
        self._may_begin = may_begin
        self._mails = iter(mails)
        self._taken = 0
        self._has_more = True
        self._returned: list[Mail] = []  # a lane got no connection for them
        self._begun_in_vain: dict[str, Mail] = {}  # their connection ended before the server could take them
        self._waiting = deque([self._lane()])
        self._over: ProviderError | None = None  # the outcome of all further mails: no connection, or we are refused

    def outcomes(self) -> HandedOver:
        """Yields the outcomes of all lanes, in one thread; a lane that waits costs the others nothing."""
        try:
            while self._waiting:
                lane = self._waiting.popleft()
                for told in lane:
                    if told is None:
                        self._waiting.append(lane)
                        break
                    yield told
                if self._is_worth_a_lane() and self._pool.may_widen():
                    self._waiting.appendleft(self._lane())
            yield from ((mail, None) for mail in self._begun_in_vain.values())
        finally:
            for lane in self._waiting:
                lane.close()

    def _is_worth_a_lane(self) -> bool:
        pays = self._taken >= WORTH_A_LANE or self._pool.has_resting or self._pool.is_slow
        return pays and self._has_more and 0 < len(self._waiting) < LANES

    def _lane(self) -> _Lane:
        session: Session | None = None
        following = None
        try:
            while mail := following or self._next():
                following = self._next()
                outcome: Outcome | None = self._over
                while outcome is None:
                    try:
                        session = session or self._pool.take(0.0 if self._waiting else PATIENCE_SECONDS)
                    except ProviderError as error:
                        self._over = outcome = error
                        break
                    if session is None:
                        self._return(mail, following)
                        return
                    was_used = session.used
                    try:
                        told = yield from session.hand_over(mail, following, self._may_begin)
                        if told is None:
                            self._has_more = False
                            return
                        outcome = self._unless_crowded(mail, told, session)
                    except Lost as lost:
                        outcome = self._failed(mail, lost, session, was_used=was_used)
                    finally:
                        if not session.usable:
                            self._pool.give_back(session)
                            session = None
                self._begun_in_vain.pop(mail.key, None)
                yield mail, outcome
                if isinstance(outcome, Refused):
                    self._over = outcome
                    return
        finally:
            if session:
                self._pool.give_back(session)

    def _failed(self, mail: Mail, lost: Lost, session: Session, *, was_used: bool) -> Outcome | None:
        """Returns None if another connection may do, since the server ended one that had served before."""
        outcome = self._unless_crowded(mail, Transient(lost.words, code=lost.code), session)
        if was_used and isinstance(lost, Closed):
            self._begun_in_vain[mail.key] = mail
            return None
        return outcome

    def _unless_crowded(self, mail: Mail, outcome: Outcome, session: Session) -> Outcome | None:
        """Returns None if the server has one connection too many: this one ends, and the mail goes over the others."""
        if not (self._waiting and isinstance(outcome, Transient) and is_crowded(outcome.detail)):
            return outcome
        self._pool.keep_narrow()
        self._begun_in_vain[mail.key] = mail
        session.quit()
        return None

    def _return(self, mail: Mail, following: Mail | None) -> None:
        """There is no connection for these mails: other lanes take them, or no lane does for now."""
        self._returned += [each for each in (following, mail) if each]
        self._has_more = bool(self._waiting)

    def _next(self) -> Mail | None:
        mail = None
        if not isinstance(self._over, Refused):  # after a refusal of us no further mail is tried
            mail = self._returned.pop() if self._returned else next(self._mails, None)
        self._taken += 1
        self._has_more = mail is not None
        return mail


class Slow(Transient):
    """The check of a mail server ended before the server was ready; mail may still leave later."""


def check(
    url: str, *, timeouts: Timeouts | None = None, context: ssl.SSLContext | None = None, seconds: float = CHECK_SECONDS
) -> list[str]:
    """Open a connection, sign in and take leave, without a mail. Returns sentences about what was found.

    Raises ValueError for the URL; Refused or Transient, with the sentence in `detail`, if no mail could be sent; Slow
    after `seconds`.
    """
    server, timeouts = parse(url), timeouts or Timeouts()
    timeouts = replace(timeouts, connect=min(timeouts.connect, seconds))
    opening = Opening()
    end = threading.Timer(seconds, opening.give_up)
    end.start()
    try:
        opened = connect(server, timeouts, lambda: context or ssl.create_default_context(), opening)
    except Transient as error:
        if opening.given_up:
            raise Slow(f"waited {seconds:g} s for the mail server {server.host} {opening.words}") from error
        raise
    finally:
        end.cancel()
    session = Session(opened, server, timeouts)
    try:
        return list(_findings(server, opened))
    finally:
        session.quit()


def _findings(server: Server, opened: Opened) -> Iterator[str]:
    features, encryption = opened.features, opened.wire.encryption
    yield f"The mail server {server.host}, port {server.port}, answers"
    if encryption and opened.trusted:
        yield f"The connection is encrypted ({encryption}), its certificate trusted"
    elif encryption:
        yield f"The connection is encrypted ({encryption}); whose certificate it is does not matter within this box"
    else:
        yield "The connection is not encrypted: the mail server does not offer it"
    yield (
        f"It takes the credentials of {server.user}"
        if opened.signed_in
        else "No credentials are set, none were asked for"
    )
    if features.get("SIZE", "0").isdecimal() and int(features.get("SIZE", "0")):
        yield f"It takes mails of up to {int(features['SIZE']) // 1024:,} KB"
    if "PIPELINING" not in features:
        yield "It takes one command at a time, so mails leave more slowly"
