"""What of a text an organizer should check before sending, and what forbids to send it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markdown_it.token import Token

from eventmail.content import markdown, misread, shown
from eventmail.content.blocks import Problem
from eventmail.content.compile import SIZE_REFUSED, SIZE_WARNED, protected_body
from eventmail.content.compiled import Compiled
from eventmail.content.link_words import is_vague
from eventmail.content.personalise import SUBJECT_LENGTH, strings
from eventmail.content.pieces import Codec
from eventmail.content.tokens import Field, find
from eventmail.link_targets import odd_address

SUBJECT_SHOWN = 70  # characters that most mail programs show on a desktop; phones show half of them
_SHOUTED = 6  # so many capitals are more than an abbreviation
_QUOTED = 80


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
    size_told = large if SIZE_WARNED <= size <= SIZE_REFUSED else []
    return [*size_told, *dict.fromkeys(_of_blocks(look.tokens, look.codec))]


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
    return Parsed(*markdown.parse(protected, codec, with_shown=True), codec)


def _of_blocks(tokens: list[Token], codec: Codec) -> Iterator[Remark]:
    level, has_footnote = 0, False
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and not token.level:
            yield from _heading(tokens, at, level, codec)
            level = int(token.tag[1:])
        elif token.type == "block_button" and token.meta["target"] is not None:
            if is_vague(token.content):
                yield _vague(f"The button “{token.content}”")
            yield from _odd(str(token.attrs["href"]), codec)
        elif token.type == "inline":
            yield from _inline(token.children or [], codec)
            words = shown.of(token)
            has_more = at + 2 < len(tokens)
            yield from _misread(words, codec, has_footnote=has_footnote, has_more=has_more, is_top=token.level == 1)
            has_footnote = has_footnote or misread.refers(words)


def _heading(tokens: list[Token], at: int, before: int, codec: Codec) -> Iterator[Remark]:
    """What is odd about a heading behind one of level `before`; 0 for the first, which may have any level."""
    signs, words = tokens[at].markup, tokens[at + 1].content.strip()
    if not words:
        where = f"The heading “{signs}” in line {(tokens[at].map or [0])[0] + 1}"
        yield Remark("HEADING_WITHOUT_TEXT", f"{where} has no words: add them or delete it.")
    elif before and len(signs) > before + 1:
        said = f"The heading “{_quote(words, codec)}” skips a level, which confuses guests who have it read aloud"
        yield Remark("HEADING_SKIPPED", f"{said}: begin it with {'#' * (before + 1)} instead of {signs}.")


def _misread(words: str, codec: Codec, *, has_footnote: bool, has_more: bool, is_top: bool) -> Iterator[Remark]:
    """What of a block did not become what its marks mean."""
    if left := misread.mark(words, after_footnote=has_footnote):
        sign, rest = left
        how = f"write {sign}word{sign}, without blanks inside the marks, or \\{sign[0]} for a plain {sign[0]}"
        yield Remark("STRAY_MARK", f"Guests see the {sign} in “{_quote(rest, codec)}”: {how}.")
    for fault, link in misread.links(words):
        said = f"Guests see “{_quote(link, codec)}” as it is typed, without a link"
        yield Remark("LINK_NOT_READ", f"{said}: {_LINK_FAULTS[fault]}.")
    for signs, line in misread.headings(words, has_more=has_more) if is_top else ():
        said = f"“{_quote(line, codec)}” is no heading, and guests see the {signs}"
        yield Remark("HEADING_NOT_READ", f"{said}: put a blank behind {signs}.")


_LINK_FAULTS = {
    "blank": "an address has no blanks, write %20 for each",
    "apart": "leave no blank between ] and (",
    "turned": "the words stand in [ ], and behind them the address in ( )",
    "": "it is written [words](https://…)",
}


def _inline(children: list[Token], codec: Codec) -> Iterator[Remark]:
    opened = 0
    for at, child in enumerate(children):
        if child.type == "image":
            if not child.content.strip():
                address = _short(codec.written(str(child.attrs["src"])))
                undescribed = "A picture has no description, and many guests see only that"
                yield Remark("IMAGE_WITHOUT_ALT", f"{undescribed}: {address}")
            yield from _odd(str(child.attrs["src"]), codec, "A picture’s address")
        elif "lost" in child.meta:
            yield _lost(codec.written(child.meta["label"]), codec.written(child.meta["lost"]))
        elif child.type == "link_open":
            opened = at
            yield from _odd(str(child.attrs["href"]), codec)
        elif child.type == "link_close":
            label = " ".join(inner.content for inner in children[opened + 1 : at]).strip()
            if not label:
                address = codec.written(str(children[opened].attrs["href"]))
                yield Remark("LINK_WITHOUT_TEXT", f"A link has no text: {address}")
            elif is_vague(label):
                yield _vague(f"The link “{_short(label)}”")
        elif child.type in ("text", "code_inline"):
            yield from _as_text(child.content, codec)


def _as_text(content: str, codec: Codec) -> Iterator[Remark]:
    """The merge fields whose braces are escaped, so that they stay text (C1)."""
    words = codec.braced(content)
    for token in find(words, codec.fields) if words != content else ():
        if field := codec.fields.get(token.field or ""):
            said = f"Guests read the merge field “{field.label}” as it is typed, in its braces"
            yield Remark("FIELD_AS_TEXT", f"{said}: put it in once more if they are to read their own value.")


def _vague(link: str) -> Remark:
    why = "does not say where it leads, and some guests hear or see the links alone. Name what is behind it."
    return Remark("VAGUE_LINK", f"{link} {why}")


def _lost(label: str, address: str) -> Remark:
    link = f"The link “{_short(label)}”" if label.strip() else "A link"
    leads = f"leads nowhere (“{_short(address)}”)" if address else "has no address"
    return Remark("LINK_WITHOUT_ADDRESS", f"{link} {leads}: its address must begin with https://.")


def _odd(target: str, codec: Codec, what: str = "A link") -> Iterator[Remark]:
    url = codec.written(target)
    if odd := odd_address(url):
        yield Remark("ODD_LINK", f"{what} {odd}: {_short(url)}")


def _quote(words: str, codec: Codec) -> str:
    """Returns the first line of some words, as they were typed."""
    return _short(codec.written(shown.typed(words.strip().partition("\n")[0].rstrip())))


def _short(words: str) -> str:
    return words if len(words) <= _QUOTED else f"{words[: _QUOTED - 1]}…"
