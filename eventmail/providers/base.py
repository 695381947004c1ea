"""What a mail service looks like to the worker."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Mail:
    """One complete mail for one recipient.

    `key` is the same on every attempt (S3), `request_id` names this attempt, which is number `attempt` (from 1).
    `sender` and `to` are the envelope's bare addresses; `data` is the RFC 5322 message with CRLF, not dot-stuffed.
    """

    key: str
    request_id: str
    attempt: int
    sender: str
    to: str
    data: bytes


@dataclass(frozen=True)
class Accepted:
    """The service took the mail; `id` is its own name for it, if it told one.

    `complained` says that its reader called it spam at once, as the outbox plays it.
    """

    id: str = ""
    complained: bool = False


class ProviderError(Exception):
    """What a mail service did with one mail, when it did not simply take it.

    `code` is the service's own (for SMTP the reply code and, after a space, the enhanced status code of RFC 3463).
    """

    def __init__(self, detail: str, *, code: str = "", retry_after: float | None = None) -> None:
        self.detail = detail
        self.code = code
        self.retry_after = retry_after
        super().__init__(detail)

    @property
    def words(self) -> str:
        """What people read: the service's words, and its code."""
        return f"{self.detail} ({self.code})" if self.code else self.detail


class Transient(ProviderError):
    """Surely not taken; worth another try (S4). `retry_after` in seconds when the service named it."""


class Permanent(ProviderError):
    """Surely not taken, never will be. `hard` says that the address itself is dead (F1)."""

    def __init__(self, detail: str, *, code: str = "", hard: bool = False) -> None:
        super().__init__(detail, code=code)
        self.hard = hard


class Unclear(ProviderError):
    """Nobody can say whether the mail was taken: the reply was lost after hand-over (S5)."""


class Refused(ProviderError):
    """The service refuses the sender or the credentials; no mail of this job can leave (S12).

    `of_one`: it said so about one recipient or message, so it may be about this one alone. It stops a run only while
    the service took nothing of it.
    """

    def __init__(self, detail: str, *, code: str = "", of_one: bool = False) -> None:
        super().__init__(detail, code=code)
        self.of_one = of_one


Outcome = Accepted | ProviderError


MayBegin = Callable[[Mail], bool]
HandedOver = Generator[tuple[Mail, Outcome | None], None, None]


@dataclass(frozen=True)
class Waits:
    """What a mail service keeps us waiting for, such as "the mail server mail.example to greet", and for how long."""

    words: str
    seconds: float


class Service(Protocol):
    """What an outcome is judged by, also when the mail service that it came from is connected no more.

    `honours_keys`: a second hand-over under the same key is surely not a second mail (S5).
    """

    @property
    def name(self) -> str: ...

    @property
    def honours_keys(self) -> bool: ...


class Provider(Service, Protocol):
    """A mail service. `outside`: mail leaves this box."""

    @property
    def outside(self) -> bool: ...

    def stands(self, who: str, seconds: float) -> bool:
        """Whether mail can be handed over now; asked before anything is marked. `who` waits at most `seconds` for it.

        What has to be opened first is opened meanwhile, by a thread of its own. True as well when that failed: the next
        hand-over tells why.
        """
        ...

    def spare(self, who: str) -> None:
        """`who` does not need the service any more, so nothing has to be opened for them."""

    def waits(self) -> Waits | None:
        """What keeps all mail of this process waiting right now."""
        ...

    def tidy(self) -> None:
        """Let go of what nobody has used or asked for in a while; called every few seconds."""

    def hand_over(self, mails: Iterable[Mail], may_begin: MayBegin) -> HandedOver:
        """Hand over `mails`, each with its outcome as it becomes known, whatever the order.

        Right before the first byte of a message leaves, `may_begin` is asked; where it says no, that mail and those
        behind it stay, and have no outcome. An outcome of None says the same of one that was begun, surely did not
        leave, and can be handed over again: there is no connection for it right now.
        """
        ...

    def close(self) -> None:
        """Take leave of the service: let go of what was kept for the next mail."""
