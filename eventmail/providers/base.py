"""The interface between the worker and a mail service."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Mail:
    """One complete mail for one recipient. `sender` and `to` are the bare addresses of the envelope."""

    key: str  # the same on every attempt (S3)
    request_id: str  # names this attempt
    attempt: int  # from 1
    sender: str
    to: str
    data: bytes  # the RFC 5322 message with CRLF, not dot-stuffed


@dataclass(frozen=True)
class Accepted:
    """The service took the mail and named it `id`, if at all. `complained`: the outbox plays a complaint at once."""

    id: str = ""
    complained: bool = False


class ProviderError(Exception):
    """The outcome of a mail that the service did not simply take, with the service's words in `detail`.

    `code` is the service's own: for SMTP the reply code, a space, and the enhanced status code of RFC 3463.
    """

    def __init__(self, detail: str, *, code: str = "", retry_after: float | None = None) -> None:
        self.detail = detail
        self.code = code
        self.retry_after = retry_after
        super().__init__(detail)

    @property
    def words(self) -> str:
        return f"{self.detail} ({self.code})" if self.code else self.detail


class Transient(ProviderError):
    """Surely not taken yet; worth another try (S4), after `retry_after` seconds if the service said so."""


class Permanent(ProviderError):
    """The mail was surely not taken and never will be. `hard`: the address itself is dead (F1)."""

    def __init__(self, detail: str, *, code: str = "", hard: bool = False) -> None:
        super().__init__(detail, code=code)
        self.hard = hard


class Unclear(ProviderError):
    """The reply was lost after hand-over, so nobody can say whether the mail was taken (S5)."""


class Refused(ProviderError):
    """The service refuses the sender or the credentials, so no mail of this job can leave (S12).

    `of_one`: the refusal was the answer to one recipient or message and may be about that one alone. It stops a run
    only while the service has taken none of its mails.
    """

    def __init__(self, detail: str, *, code: str = "", of_one: bool = False) -> None:
        super().__init__(detail, code=code)
        self.of_one = of_one


Outcome = Accepted | ProviderError
MayBegin = Callable[[Mail], bool]
HandedOver = Generator[tuple[Mail, Outcome | None], None, None]


@dataclass(frozen=True)
class Waits:
    """A thing that we wait for, such as "the mail server mail.example to greet", and for how long."""

    words: str
    seconds: float


class Service(Protocol):
    """The facts that an outcome is judged by, even after another mail service was set."""

    @property
    def name(self) -> str: ...
    @property
    def honours_keys(self) -> bool: ...  # a second hand-over under the same key never makes a second mail (S5)


class Provider(Service, Protocol):
    """A mail service. `outside`: mail leaves this box."""

    @property
    def outside(self) -> bool: ...

    def stands(self, who: str, seconds: float) -> bool:
        """Whether mail can be handed over now; `who` asks before it marks anything, and waits at most `seconds`.

        A thread of its own opens a missing connection. After a failed opening the answer is True as well: the next
        hand-over tells why it failed.
        """

    def spare(self, who: str) -> None:
        """`who` needs the service no more; nothing has to be opened for `who`."""

    def waits(self) -> Waits | None:
        """The wait that holds up all mail of this process right now, or None."""

    def tidy(self) -> None:
        """Close what nobody has used or asked for in a while. The worker calls this every few seconds."""

    def hand_over(self, mails: Iterable[Mail], may_begin: MayBegin) -> HandedOver:
        """Hand over `mails`; yields each with its outcome as soon as that is known, in any order.

        Calls `may_begin` right before the first byte of a message. If it says no, this mail and those behind it stay
        and have no outcome. An outcome of None means: the mail was begun, surely did not leave, and can be handed over
        again, but there is no connection for it right now.
        """

    def close(self) -> None:
        """Take leave of the service and close what was kept for the next mail."""
