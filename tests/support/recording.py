"""The mail service's double: remembers every hand-over and answers as it was told."""

from collections.abc import Callable, Mapping

from eventmail.providers.base import Accepted, Mail, Outcome, ProviderError
from eventmail.providers.one_at_a_time import OneAtATime
from eventmail.states import OUTBOX

Script = Callable[[Mail], Outcome]


class Killed(BaseException):
    """Stands for SIGKILL: no handler of the worker sees it coming."""


def raising(error: BaseException) -> Script:
    """A script that answers nothing, since `error` ends it."""

    def answer(_mail: Mail) -> Outcome:
        raise error

    return answer


class Recording(OneAtATime):
    """A provider; `answers` maps an address to what it gets, as an outcome or a function of the mail."""

    def __init__(
        self,
        answers: Mapping[str, Outcome | Script] | None = None,
        *,
        name: str = OUTBOX,  # it poses as the service that is set
        outside: bool = False,
        honours_keys: bool = False,
        before: Callable[[Mail], None] = lambda _mail: None,
    ) -> None:
        super().__init__(self, name, outside=outside, honours_keys=honours_keys)
        self.answers = dict(answers or {})
        self.mails: list[Mail] = []
        self.before = before

    def send(self, mail: Mail) -> Accepted:
        """See providers.one_at_a_time.Sends."""
        self.before(mail)
        self.mails.append(mail)
        answer = self.answers.get(mail.to, Accepted("taken"))
        outcome = answer if isinstance(answer, Accepted | ProviderError) else answer(mail)
        if isinstance(outcome, ProviderError):
            raise outcome.with_traceback(None)
        return outcome

    @property
    def addresses(self) -> list[str]:
        return [mail.to for mail in self.mails]
