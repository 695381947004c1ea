"""The first answers of a run: when all of them are the same refusal, it is hardly about ten guests (F5)."""

from eventmail.providers.base import Accepted, Mail, Outcome, Permanent
from eventmail.providers.refusals import are_alike, same_words

FIRST = 10


def said(mail: Mail, outcome: Accepted | Permanent) -> str | None:
    """A refusal in the words that are the same whoever it is for; None when the mail was taken."""
    if isinstance(outcome, Accepted):
        return None
    return same_words(outcome.detail, outcome.code, to=mail.to, sender=mail.sender)


class FirstAnswers:
    """The answers to one group of a run of which nothing was taken yet (`is_untried`): whether to stop in its middle.

    It only spares the rest of the group the same refusal. What the run makes of it is decided in the database.
    """

    def __init__(self, *, is_untried: bool) -> None:
        self._watches = is_untried
        self._words: list[str] = []

    def are_all_the_same(self, mail: Mail, outcome: Outcome) -> bool:
        """Whether, with this answer, FIRST have come and all were the same refusal."""
        if self._watches and isinstance(outcome, Accepted | Permanent):
            words = said(mail, outcome)
            self._watches = (
                words is not None and are_alike(words, (self._words or [words])[0]) and len(self._words) < FIRST
            )
            self._words += [words] if words else []
        return self._watches and len(self._words) == FIRST
