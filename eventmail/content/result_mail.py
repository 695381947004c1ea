"""The mail that tells the author of a scheduled message how it went, in plain text (S14).

It holds numbers and no guest's name or address: it leaves this installation, and nobody could erase them there.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from eventmail import wall_time
from eventmail.content import not_sent
from eventmail.content.plain_mail import Frame, hello, isolated, message
from eventmail.states import MailingResult, NotSent
from eventmail.value_parsing import clean_value

SWITCH = "Mail me how my scheduled messages went"  # the words beside the switch on the account page


@dataclass(frozen=True)
class Numbers:
    """How many recipients have which outcome. `kept` are those whose mail practice mode kept in the outbox (S13)."""

    sent: int = 0
    kept: int = 0
    failed: int = 0
    unknown: int = 0
    suppressed: int = 0
    cancelled: int = 0
    sending: int = 0
    queued: int = 0

    @property
    def all(self) -> int:
        return sum(astuple(self))


@dataclass(frozen=True)
class News:
    """How a scheduled message went. `began` is None when it began in time, `why` is why it was missed or failed.

    `practice`: all that was done with it was practice, so nothing left this box (S13).
    """

    result: MailingResult
    name: str  # of its author
    title: str  # its subject as written
    event: str
    numbers: Numbers
    due: datetime
    zone: ZoneInfo  # the one it was scheduled in
    began: datetime | None
    practice: bool
    why: NotSent | None


def result(frame: Frame, *, link: str, news: News) -> bytes:
    """The mail. `link` is the address of the message's page. Raises InvalidInput as `plain_mail.message` does."""
    told = _of_run(news) if news.result == MailingResult.ENDED else _of_nothing(news)
    text = (
        f"{hello(news.name)},\n\n"
        f"your message {_title(news)} of {isolated(news.event)} was due on {_instant(news.due, news.zone)}.\n\n"
        f"{told}\n\nIts page:\n\n{link}\n\n"
        f"You get this mail because you scheduled the message on eventmail at {frame.site}. "
        f"If you want none of these, open “Account” there and untick “{SWITCH}”.\n"
    )
    return message(frame, _subject(news), text)


def _subject(news: News) -> str:
    numbers, title = news.numbers, _title(news)
    if numbers.kept and news.practice:
        return f"Kept in the outbox, not sent: {title} for {_share(numbers.kept, numbers.all)}"
    if numbers.sent:
        return f"Sent: {title} to {_share(numbers.sent, numbers.all)}"
    if numbers.unknown and not news.practice:
        return f"May have been sent: {title}"
    return f"Not sent: {title}"


def _of_run(news: News) -> str:
    numbers = news.numbers
    began = f" It began late, on {_instant(news.began, news.zone)}." if news.began else ""
    lines = "\n".join(f"- {words}: {number:,}" for words, number in _lines(numbers))
    return "\n\n".join([f"{_reached(news)}{began}", lines, *_to_do(numbers)])


def _reached(news: News) -> str:
    numbers = news.numbers
    if news.practice:
        return "eventmail was in practice mode, so nothing left this box."
    if numbers.sent == numbers.all:
        return "It was sent to everybody."
    if numbers.sent:
        return "It was sent, but not to everybody."
    return "Nobody can say to whom it was sent." if numbers.unknown else "It was sent to nobody."


def _lines(numbers: Numbers) -> Iterator[tuple[str, int]]:
    told = (
        ("Sent", numbers.sent), ("Kept in outbox", numbers.kept), ("Failed", numbers.failed),
        ("May have been sent", numbers.unknown), ("On the do-not-mail list", numbers.suppressed),
        ("Cancelled", numbers.cancelled), ("Sending", numbers.sending), ("Queued", numbers.queued),
    )  # fmt: skip
    yield from ((words, number) for words, number in told if number)


def _to_do(numbers: Numbers) -> Iterator[str]:
    if numbers.failed:
        yield f"To try the failed again, press “Try the {numbers.failed:,} failed again” on its page."
    if numbers.unknown:
        yield (
            f"Nobody can say whether {_counted(numbers.unknown, 'mail')} arrived, so nothing is sent twice by itself. "
            "Its page asks you to decide."
        )
    if numbers.cancelled:
        yield "Its page says why, for each of them."


def _of_nothing(news: News) -> str:
    why = not_sent.WHY[news.why] if news.why else "Nothing of it left."
    if news.result == MailingResult.FAILED:
        return f"{why}\n\nTo send it at another time, open its page and press “Cancel and edit as new draft”."
    return f"{why}\n\nIt waits for somebody to decide: open its page, and press “Send now” or “Cancel”."


def _title(news: News) -> str:
    return f"“{isolated(news.title)}”" if clean_value(news.title) else "a message without a subject"


def _share(part: int, whole: int) -> str:
    return _counted(whole, "guest") if part == whole else f"{part:,} of {_counted(whole, 'guest')}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _instant(at: datetime, zone: ZoneInfo) -> str:
    """An instant as the clocks of the zone show it."""
    here = wall_time.shown(at, zone)
    return f"{here:%A}, {here.day} {here:%B %Y, %H:%M} {wall_time.abbreviation(at, zone)} ({zone.key})"
