"""The mail about how a scheduled message went: its numbers, its reasons, and that a title stays text."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.content import not_sent, result_mail
from eventmail.content.result_mail import News, Numbers
from eventmail.states import MailingResult, NotSent, RecipientState
from eventmail.value_parsing import clean_value
from eventmail.web.words import state
from tests.support.account_mail import read
from tests.support.budgets import budget
from tests.unit.content.test_account_mail import FRAME, HEADERS, NAMES

LINK = "https://mail.organizers.example/admin/events/3/mailings/7"
DUE = datetime(2027, 6, 19, 16, 0, tzinfo=UTC)
NEWS = News(
    result=MailingResult.ENDED, name="Olive Owner", title="Doors open at six", event="Fixture Gala",
    numbers=Numbers(sent=312), due=DUE, zone=ZoneInfo("Europe/Berlin"), began=None, practice=False, why=None,
)  # fmt: skip
TITLE = "“\u2068Doors open at six\u2069”"
END = (
    f"Its page:\n\n{LINK}\n\n"
    "You get this mail because you scheduled the message on eventmail at https://mail.organizers.example. "
    "If you want none of these, open “Account” there and untick “Mail me how my scheduled messages went”.\n"
)
BEGIN = (
    f"Hello \u2068Olive Owner\u2069,\n\nyour message {TITLE} of \u2068Fixture Gala\u2069 was due on "
    "Saturday, 19 June 2027, 18:00 CEST (Europe/Berlin).\n\n"
)


def written(news: News) -> tuple[str, str]:
    """Subject and text, as RFC 2047 reads the one and a mail program the other."""
    mail = read(data := result_mail.result(FRAME, link=LINK, news=news))
    line = data.split(b"\r\nSubject: ")[1].split(b"\r\nTo: ")[0].decode("ascii")
    return str(make_header(decode_header(line.replace("\r\n", "")))), mail.get_content().replace("\r\n", "\n")


def subject(**values: object) -> str:
    return written(replace(NEWS, **values))[0]  # type: ignore[arg-type]


def said(**values: object) -> str:
    """What stands between the time it was due and its link."""
    text = written(replace(NEWS, **values))[1]  # type: ignore[arg-type]
    assert (text[: len(BEGIN)], text[-len(END) :]) == (BEGIN, END)
    return text[len(BEGIN) : -len(END)].rstrip("\n")


def test_S14_the_whole_mail_about_a_message_that_everybody_was_sent() -> None:
    assert written(NEWS) == (
        f"Sent: {TITLE} to 312 guests",
        f"{BEGIN}It was sent to everybody.\n\n- Sent: 312\n\n{END}",
    )


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (Numbers(sent=1), f"Sent: {TITLE} to 1 guest"),
        (Numbers(sent=1_300, failed=1), f"Sent: {TITLE} to 1,300 of 1,301 guests"),
        (Numbers(sent=3, kept=2), f"Sent: {TITLE} to 3 of 5 guests"),
        (Numbers(unknown=2, failed=1), f"May have been sent: {TITLE}"),
        (Numbers(failed=3), f"Not sent: {TITLE}"),
        (Numbers(cancelled=3), f"Not sent: {TITLE}"),
    ],
)
def test_S14_the_subject_says_to_how_many_it_was_sent(numbers: Numbers, expected: str) -> None:
    assert subject(numbers=numbers) == expected


def test_S14_each_outcome_has_its_number_and_what_to_do_about_it() -> None:
    numbers = Numbers(sent=300, kept=1, failed=4, unknown=1, suppressed=5, cancelled=2, sending=6, queued=1_000)
    assert said(numbers=numbers) == (
        "It was sent, but not to everybody.\n\n"
        "- Sent: 300\n- Kept in outbox: 1\n- Failed: 4\n- May have been sent: 1\n- On the do-not-mail list: 5\n"
        "- Cancelled: 2\n- Sending: 6\n- Queued: 1,000\n\n"
        "To try the failed again, press “Try the 4 failed again” on its page.\n\n"
        "Nobody can say whether 1 mail arrived, so nothing is sent twice by itself. Its page asks you to decide.\n\n"
        "Its page says why, for each of them."
    )


def test_S14_the_words_for_outcomes_are_those_of_the_pages() -> None:
    words = {name: word for name, word in state.STATES.items() if name in set(RecipientState)}
    lines = {name: said(numbers=Numbers(**{name: 7})).split("\n\n")[1] for name in words}
    assert lines == {name: f"- {shown.word}: 7" for name, shown in words.items()}
    assert f"- {state.KEPT.word}: 7" in said(numbers=Numbers(kept=7))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (Numbers(unknown=2, failed=1), "Nobody can say to whom it was sent."),
        (Numbers(failed=3), "It was sent to nobody."),
        (Numbers(sent=2, unknown=1), "It was sent, but not to everybody."),
    ],
)
def test_S14_a_run_that_did_not_reach_everybody_says_so_first(numbers: Numbers, expected: str) -> None:
    assert said(numbers=numbers).split("\n\n")[0] == expected


@pytest.mark.parametrize(
    ("numbers", "headline"),
    [
        (Numbers(kept=312), f"Kept in the outbox, not sent: {TITLE} for 312 guests"),
        (Numbers(kept=2, failed=1), f"Kept in the outbox, not sent: {TITLE} for 2 of 3 guests"),
        (Numbers(unknown=1), f"Not sent: {TITLE}"),
        (Numbers(failed=3), f"Not sent: {TITLE}"),
    ],
)
def test_S13_S14_in_practice_mode_the_mail_says_that_nothing_left(numbers: Numbers, headline: str) -> None:
    assert subject(numbers=numbers, practice=True) == headline
    told = said(numbers=numbers, practice=True)
    assert told.split("\n\n")[0] == "eventmail was in practice mode, so nothing left this box."


def test_S14_a_late_message_says_when_it_began() -> None:
    began = DUE + timedelta(minutes=25)
    assert said(began=began) == (
        "It was sent to everybody. It began late, on Saturday, 19 June 2027, 18:25 CEST (Europe/Berlin).\n\n- Sent: 312"
    )


@pytest.mark.parametrize(("due", "shown"), [(0, "02:30 CEST (Europe/Berlin)"), (1, "02:30 CET (Europe/Berlin)")])
def test_H2_S14_an_hour_that_occurs_twice_says_which_it_was(due: int, shown: str) -> None:
    text = written(replace(NEWS, due=datetime(2027, 10, 31, due, 30, tzinfo=UTC)))[1]
    assert f"was due on Sunday, 31 October 2027, {shown}." in text


@pytest.mark.parametrize("why", NotSent)
def test_S14_a_missed_message_says_why_and_what_to_do(why: NotSent) -> None:
    values = {"result": MailingResult.MISSED, "why": why, "numbers": Numbers(queued=312)}
    assert subject(**values) == f"Not sent: {TITLE}"
    assert said(**values) == (
        f"{not_sent.WHY[why]}\n\nIt waits for somebody to decide: open its page, and press “Send now” or “Cancel”."
    )
    assert not_sent.WHY[why].endswith(".")


def test_S14_a_failed_message_says_why_and_what_to_do() -> None:
    values = {"result": MailingResult.FAILED, "why": NotSent.NO_RECIPIENTS, "numbers": Numbers(cancelled=2)}
    assert subject(**values) == f"Not sent: {TITLE}"
    assert said(**values) == (
        "No recipients matched its audience any more, so nothing left.\n\n"
        "To send it at another time, open its page and press “Cancel and edit as new draft”."
    )


def assert_nothing_got_in(text: str) -> None:
    """`text` as the title, the author and the event at once."""
    news = replace(NEWS, title=text, name=text, event=text)
    data = result_mail.result(FRAME, link=LINK, news=news)
    mail = read(data)
    assert sorted(mail.keys()) == sorted(HEADERS)
    assert [str(address) for address in mail["To"].addresses] == ["ada@guests.example.net"]
    assert mail.defects == []
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 78
    assert data.replace(b"\r\n", b"").count(b"\n") == data.replace(b"\r\n", b"").count(b"\r") == 0
    headline, body = written(news)
    shown = clean_value(text)
    shown = shown if len(shown) <= 100 else f"{shown[:99].rstrip()}…"
    title = f"“\u2068{shown}\u2069”" if shown else "a message without a subject"
    assert headline == f"Sent: {title} to 312 guests"
    assert f"your message {title} of \u2068{shown}\u2069 was due on " in body
    assert body.startswith(f"Hello \u2068{shown}\u2069,\n" if shown else "Hello there,\n")
    assert body.count(LINK) == 1
    assert len(body) < 1_200


@pytest.mark.parametrize("text", [*NAMES, "Hi\nBcc: eve@evil.example", "{guest.firstName|you}, “come”"])
def test_C4_S14_an_awkward_title_is_text_in_one_line(text: str) -> None:
    assert_nothing_got_in(text)


@settings(max_examples=budget(150))
@given(text=st.text(max_size=300))
def test_C4_S14_no_title_adds_a_header_an_address_or_a_line(text: str) -> None:
    assert_nothing_got_in(text)
