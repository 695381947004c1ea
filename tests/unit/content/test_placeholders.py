"""No sentence about a text, and no mail made of it, shows what only the compiler understands (C2, C3, C8)."""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.content import checks, highlights, tokens
from eventmail.content.compile import compile_content, sentence, text_parts
from eventmail.content.differences import by_words
from eventmail.content.personalise import render
from eventmail.errors import DomainError
from tests.support.budgets import budget
from tests.support.placeholders import INTERNAL, INTERNAL_OF_TEXTS

FIELDS = tokens.known_fields({"Größe": "", "Table": "any table", "Card": ""})
NAMES = ("guest.firstName", "guest.Table", "guest.Größe", "guest.Card", "event.url", "event.date", "calendar.links",
         "calendar.google", "unsubscribe.url", "organizer.email", "guest.frstName", "Guest.NAME", "nothing.at.all",
         "guest.\\{x")  # fmt: skip
TOKENS = st.builds(
    lambda name, fallback: f"{{{name}{fallback}}}",
    st.sampled_from(NAMES),
    st.sampled_from(["", "|friend", "|a\\}b", "|https://x.example/a", "|*b*", "|", "|50 %"]),
)
# where a token may stand, "T" being one: text, links of each kind, pictures, blocks whole and broken, code, tables
PLACES = st.sampled_from(
    [
        *("Hello T,", "*T* and **T**", "`T`", "```T\nT\n```", "    T", "> T", "1. T\n2. T", "- T", "# T", "\\T", "T|T"),
        *("{T", "T}", "{{T}}", "| T | b |\n|---|---|\n| T | T |", "[T](T)", "[more](T/rest)", "[](T)", "[x](mailto:T)"),
        *("[more](https://x.example/T?q=T)", "[x](tel:T)", "[x](javascript:T)", "[T]: https://T\n\n[T]", "www.T.de"),
        *("https://x.example/T", "https://T.example", "T@x.example", "https://üT.example/a", "http://127.0.0.1/T"),
        *("<https://x.example/T>", '[x](https://x.example "T")', "![T](T)", '![T](https://x.example/T.png "T")'),
        *("![](https://localhost/T)", "::: button T\nT\n:::", "::: button\nT\n:::", "::: button relative/T\nT\n:::"),
        *("::: nonsense T\nx\n:::", "::: T", "::: calendar-links T\n:::", "::: calendar-links\n:::"),
    ]
)
LINES = st.builds(lambda place, token: place.replace("T", token), PLACES, TOKENS)
BODIES = st.lists(LINES, min_size=1, max_size=5).map("\n\n".join)
VALUES = st.dictionaries(
    st.sampled_from([name for name in NAMES if name in FIELDS]),
    st.sampled_from(["Ada", "https://ok.example/x", "javascript:x", "a b&c", "", "x@y.example", "50 % <b>"]),
)


def told(subject: str, preheader: str, body: str) -> Iterator[str]:
    """Everything that is said about a text before it is sent."""
    source = {"subject": subject, "preheader": preheader, "body": body}
    try:
        compile_content(subject, preheader, body, fields=FIELDS)
    except DomainError as error:
        yield error.detail
        yield from (field.message for field in error.fields)
    compiled = compile_content(subject, preheader, body, fields=FIELDS, strict=False)
    remarks = [
        *checks.first_look(subject, preheader, compiled, FIELDS),
        *checks.remarks(body, compiled.size, FIELDS),
        *checks.in_the_way(body, compiled, FIELDS),
    ]
    yield from (remark.message for remark in remarks)
    yield from map(sentence, tokens.unresolved(source, FIELDS))
    yield from (former_and_now := text_parts(body, FIELDS))
    yield from (piece.text for piece in by_words(*former_and_now))


@settings(max_examples=budget(150), deadline=None)
@given(subject=LINES, preheader=LINES, body=BODIES)
def test_C2_no_sentence_about_a_text_shows_an_internal_mark(subject: str, preheader: str, body: str) -> None:
    found = {said: INTERNAL_OF_TEXTS.findall(said) for said in told(subject, preheader, body)}
    assert {said: marks for said, marks in found.items() if marks} == {}


@settings(max_examples=budget(150), deadline=None)
@given(subject=LINES, body=BODIES, values=VALUES)
def test_C3_C8_no_mail_and_no_preview_shows_an_internal_mark(subject: str, body: str, values: dict[str, str]) -> None:
    compiled = compile_content(subject, subject, body, fields=FIELDS, strict=False)
    mail = render(compiled, values, FIELDS)
    read = highlights.pieces(compiled.text, values, FIELDS)
    looked_at = highlights.highlighted(compiled, values, FIELDS, lambda field, fallback: f"{field} {fallback}")
    for text in (mail.subject, mail.preheader, mail.html, mail.text, looked_at, *(piece.text for piece in read)):
        assert INTERNAL_OF_TEXTS.findall(text) == []


def test_the_marks_that_are_looked_for_are_found() -> None:
    for text in ("q0123456789abcdeft0z", "%(name)s", "for None.", "a\x00b", "\ue000", "<function f at 0x7f>"):
        assert INTERNAL.search(text)
    for text in ("{0}", "{guest.n1}", "%s"):
        assert INTERNAL_OF_TEXTS.search(text)
    for text in ("{guest.firstName}", "50 %", "{event.date|soon}", "None is mailed.", "quiet", "a\nb"):
        assert INTERNAL_OF_TEXTS.findall(text) == []
