"""The first answers of a run: ten refusals in the same words are hardly about ten guests (F5)."""

from eventmail.providers.base import Accepted, Mail, Outcome, Permanent
from eventmail.providers.refusals import are_alike, same_words

FIRST = 10


def said(mail: Mail, outcome: Accepted | Permanent) -> str | None:
    """The words of a refusal without what differs by recipient; None when the mail was taken."""
    if isinstance(outcome, Accepted):
        return None
    return same_words(outcome.detail, outcome.code, to=mail.to, sender=mail.sender)


class FirstAnswers:
    """Spares the rest of a group the same refusal while no mail of its run was taken. `brake` decides for the run."""

    def __init__(self, *, is_untried: bool) -> None:
        self._watches = is_untried
        self._words: list[str] = []

    def are_all_the_same(self, mail: Mail, outcome: Outcome) -> bool:
        """Whether this is answer number FIRST and all were the same refusal."""
        if self._watches and isinstance(outcome, Accepted | Permanent):
            words = said(mail, outcome)
            self._watches = (
                words is not None and are_alike(words, (self._words or [words])[0]) and len(self._words) < FIRST
            )
            self._words += [words] if words else []
        return self._watches and len(self._words) == FIRST
