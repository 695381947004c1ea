"""What a mail service looks like to the worker."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from eventmail.errors import ProviderError


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
    """The service took the mail; `id` is its own name for it, if it told one."""

    id: str = ""


Outcome = Accepted | ProviderError


class Provider(Protocol):
    """A mail service.

    `honours_keys`: a second hand-over under the same key is surely not a second mail (S5).
    `outside`: mail leaves this box.
    """

    name: str
    honours_keys: bool
    outside: bool

    def hand_over(self, mails: Sequence[Mail]) -> Generator[Outcome, None, None]:
        """Hand over `mails` in order, yielding one outcome for each as it becomes known.

        Lazy: nothing of a mail leaves before its outcome is asked for, so whoever stops asking stops sending.
        """
        ...
