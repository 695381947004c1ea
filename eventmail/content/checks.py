"""What of a text an organizer should check before sending, and what forbids to send it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markdown_it.token import Token

from eventmail.content import markdown
from eventmail.content.blocks import Problem
from eventmail.content.compile import SIZE_REFUSED, SIZE_WARNED, protected_body
from eventmail.content.compiled import Compiled
from eventmail.content.personalise import SUBJECT_LENGTH, strings
from eventmail.content.pieces import Codec
from eventmail.content.tokens import Field
from eventmail.link_targets import odd_address

SUBJECT_SHOWN = 70  # characters that most mail programs show on a desktop; phones show half of them
_SHOUTED = 6  # so many capitals are more than an abbreviation
_ADDRESS_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Remark:
    """A code for programs, a sentence for people, and the part of the text where to correct it."""

    code: str
    message: str
    part: str = "body"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed body, for several checks."""

    tokens: list[Token]
    problems: list[Problem]
    codec: Codec


def remarks(body: str, size: int, fields: Mapping[str, Field], parsed: Parsed | None = None) -> list[Remark]:
    """Returns remarks on a body in reading order, after one on the `size` of its mail in bytes (C6)."""
    look = parsed or parse(body, fields)
    large = [Remark("LARGE", f"The mail is {size // 1024} KB; mail services cut mails beyond 100 KB.")]
    shown = large if SIZE_WARNED <= size <= SIZE_REFUSED else []
    return [*shown, *dict.fromkeys(remark for token in look.tokens for remark in _block(token, look.codec))]


def in_the_way(
    body: str, compiled: Compiled, fields: Mapping[str, Field], parsed: Parsed | None = None
) -> list[Remark]:
    """Returns what a strict compilation refuses beside unresolved tokens and missing parts (C6)."""
    problems = (parsed or parse(body, fields)).problems
    found = [Remark("BROKEN_BLOCK", f"Line {problem.line}: {problem.message}") for problem in problems]
    large = f"The mail is {compiled.size // 1024} KB; more than 100 KB is not sent. Shorten the message."
    return [*found, Remark("TOO_LARGE", large)] if compiled.size > SIZE_REFUSED else found


def first_look(subject: str, preheader: str, compiled: Compiled, fields: Mapping[str, Field]) -> list[Remark]:
    """Returns remarks on what a mail list shows: the subject, as read without any value, and the preview text."""
    shown = "".join(strings(compiled.subject, {}, fields)).strip()
    letters = [letter for letter in shown if letter.isalpha()]
    found = []
    if len(subject) > SUBJECT_LENGTH:
        too_long = f"The subject has {len(subject)} characters; {SUBJECT_LENGTH} are allowed."
        found.append(Remark("SUBJECT_TOO_LONG", too_long, "subject"))
    elif len(shown) > SUBJECT_SHOWN:
        cut = f"The subject has about {len(shown)} characters; many mail programs show no more than {SUBJECT_SHOWN}."
        found.append(Remark("SUBJECT_LONG", cut, "subject"))
    if len(letters) >= _SHOUTED and all(letter == letter.upper() != letter.lower() for letter in letters):
        shouted = "The subject is all in capitals: many read it as shouting, and some filters as advertising."
        found.append(Remark("SUBJECT_CAPITALS", shouted, "subject"))
    if shown and not preheader.strip():
        missing = "There is no preview text: mail lists show the beginning of the message instead."
        found.append(Remark("NO_PREVIEW_TEXT", missing, "preheader"))
    return found


def parse(body: str, fields: Mapping[str, Field]) -> Parsed:
    """Parses a body for `remarks` and `in_the_way`."""
    protected, codec = protected_body(body, fields)
    return Parsed(*markdown.parse(protected, codec), codec)


def _block(token: Token, codec: Codec) -> Iterator[Remark]:
    if token.type == "block_button" and token.meta["target"] is not None:
        yield from _odd(str(token.attrs["href"]), codec)
    yield from _inline(token.children or [], codec)


def _inline(children: list[Token], codec: Codec) -> Iterator[Remark]:
    opened = 0
    for at, child in enumerate(children):
        if child.type == "image":
            if not child.content.strip():
                yield Remark("IMAGE_WITHOUT_ALT", "A picture has no description: many guests see only that.")
            yield from _odd(str(child.attrs["src"]), codec, "A picture’s address")
        elif "lost" in child.meta:
            yield Remark("LINK_WITHOUT_ADDRESS", "A link leads nowhere: its address must begin with https://.")
        elif child.type == "link_open":
            opened = at
            yield from _odd(str(child.attrs["href"]), codec)
        elif child.type == "link_close" and not any(inner.content.strip() for inner in children[opened + 1 : at]):
            address = codec.written(str(children[opened].attrs["href"]))
            yield Remark("LINK_WITHOUT_TEXT", f"A link has no text: {address}")


def _odd(target: str, codec: Codec, what: str = "A link") -> Iterator[Remark]:
    url = codec.written(target)
    if odd := odd_address(url):
        shown = url if len(url) <= _ADDRESS_SHOWN else f"{url[: _ADDRESS_SHOWN - 1]}…"
        yield Remark("ODD_LINK", f"{what} {odd}: {shown}")
