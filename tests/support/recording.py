"""The mail service's double: remembers every hand-over and answers as it was told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from eventmail.providers.base import Accepted, AtHand, HandedOver, Mail, MayBegin, Outcome, ProviderError

Script = Callable[[Mail], Outcome]


class Killed(BaseException):
    """Stands for SIGKILL: no handler of the worker sees it coming."""


def raising(error: BaseException) -> Script:
    """A script that answers nothing, since `error` ends it."""

    def answer(_mail: Mail) -> Outcome:
        raise error

    return answer


@dataclass
class Recording(AtHand):
    """A provider; `answers` maps an address to what it gets, as an outcome or a function of the mail."""

    answers: dict[str, Outcome | Script] = field(default_factory=dict)
    honours_keys: bool = False
    outside: bool = False
    name: str = "outbox"  # it poses as the service that is set
    mails: list[Mail] = field(default_factory=list)
    before: Callable[[Mail], None] = lambda _mail: None

    def hand_over(self, mails: Iterable[Mail], may_begin: MayBegin) -> HandedOver:
        """See providers.base.Provider."""
        for mail in mails:
            if not may_begin(mail):
                return
            self.before(mail)
            self.mails.append(mail)
            answer = self.answers.get(mail.to, Accepted("taken"))
            yield mail, answer if isinstance(answer, Accepted | ProviderError) else answer(mail)

    @property
    def addresses(self) -> list[str]:
        return [mail.to for mail in self.mails]
