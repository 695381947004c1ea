"""Compiles the source of a Content once; a guest then only costs filling in (C2, C5, C6)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape

from eventmail.content import markdown, shell, text
from eventmail.content.compiled import Compiled, plain
from eventmail.content.mail_encoding import quoted_printable
from eventmail.content.personalise import SUBJECT_LENGTH, strings
from eventmail.content.pieces import Codec, Mode, Pieces
from eventmail.content.tokens import Field, Unresolved, clean_source, find, unresolved
from eventmail.errors import FieldError, InvalidInput, UnresolvedToken

SIZE_WARNED = 80 * 1024
SIZE_REFUSED = 100 * 1024
# A few KB of source can become megabytes: Markdown fills table rows up and writes a merge field in a link four times.
MOST_FIELDS = 2_000  # merge fields
MOST_BRACKETS = 5_000  # each may begin a link, whose end is searched
MOST_CELLS = 5_000  # of tables, with those that Markdown adds to short rows
MOST_PARTS = 20_000  # paragraphs, cells, links, pieces of text between them
MOST_KEPT = 1_000_000  # characters of the compiled form
_PART_NAMES = {"subject": "subject", "preheader": "preview text", "body": "body"}


def compile_content(
    subject: str, preheader: str, body: str, *, fields: Mapping[str, Field], strict: bool = True
) -> Compiled:
    """Returns the compiled form of a text; `fields` are those of `known_fields`.

    Raises UnresolvedToken that names every token without a field (C2), and InvalidInput for an empty subject or body,
    a subject beyond 998 characters, a broken `:::` block, or more than 100 KB (C6). `strict=False`, for previews of
    drafts, allows all of these; the HTML then shows unknown tokens and broken blocks. TooMuch is raised in any case,
    before the expensive steps.
    """
    one_line = {"subject": subject, "preheader": preheader}
    source = {part: clean_source(written).replace("\n", " ") for part, written in one_line.items()}
    source["body"] = clean_source(body)
    if strict:
        _refuse_unresolved(unresolved(source, fields))
        _refuse_empty(source)
    found = {part: find(written, fields) for part, written in source.items()}
    tokens = [token for part in found.values() for token in part]
    _refuse_too_much(source["body"], len(tokens))
    codec = Codec.for_text(list(source.values()), tokens, fields)
    protected, first = {}, 0
    for part, written in source.items():
        protected[part] = codec.protect(written, first, len(found[part]))
        first += len(found[part])
    title, hidden = (" ".join(protected[part].split()) for part in ("subject", "preheader"))
    parsed, problems = markdown.parse(protected["body"], codec)
    parts = sum(1 + len(token.children or ()) for token in parsed)
    _bound(parts, MOST_PARTS, "The text is made of {0} pieces (cells, links, paragraphs); at most {1} fit into a mail.")
    if strict and problems:
        _refuse("body", [f"Line {problem.line} of the body: {problem.message}" for problem in problems])

    html = shell.html_page(escape(title), escape(hidden), markdown.to_html(parsed, codec), codec)
    pieces = {
        "subject": codec.split(title, Mode.HEADER),
        "preheader": codec.split(hidden, Mode.TEXT),
        "html": codec.split(html, Mode.HTML),
        "text": codec.split(shell.text_page(text.to_text(parsed, codec, protected["body"]), codec), Mode.TEXT),
    }
    size = sum(len(quoted_printable("".join(strings(pieces[part], {}, fields)))) for part in ("html", "text"))
    if strict and size > SIZE_REFUSED:
        _refuse("body", [f"The mail is {size // 1024} KB. Mail services cut mails beyond 100 KB: shorten it."])
    merged = tuple(dict.fromkeys(token.field for token in tokens if token.field and token.field in fields))
    made = Compiled(**pieces, merged=merged, hash=_hash(source, pieces), size=size)
    _bound(len(made.dump()), MOST_KEPT, "The text grows to {0} characters when it is laid out; at most {1} are kept.")
    return made


def _cells(body: str) -> int:
    """Estimates the cells of a body's tables. Markdown fills each row up to the width of its table."""
    cells = width = rows = 0
    ruled = False
    for line in (*body.split("\n"), ""):
        if line.strip():
            width, rows = max(width, line.count("|")), rows + 1
            ruled = ruled or ("-" in line and not line.strip("|:-> \t"))
        else:
            cells += width * rows if ruled else 0
            width, rows, ruled = 0, 0, False
    return cells


class TooMuch(InvalidInput):
    """A text that costs too much to compile, even for a preview."""


def _refuse_too_much(body: str, tokens: int) -> None:
    """Refuses what takes long to parse; `tokens` is the number of those in all parts of the text."""
    _bound(tokens, MOST_FIELDS, "The text has {0} merge fields; at most {1} fit into a mail.")
    _bound(body.count("["), MOST_BRACKETS, "The text has {0} opening brackets; at most {1} fit into a mail.")
    _bound(_cells(body), MOST_CELLS, "The text has {0} table cells; at most {1} fit into a mail.")


def _bound(found: int, most: int, words: str) -> None:
    if found > most:
        message = f"{words.format(f'{found:,}', f'{most:,}')} Shorten the message, or split it."
        raise TooMuch.at("body", "TOO_LARGE", message)


def text_parts(body: str, fields: Mapping[str, Field]) -> tuple[str, str]:
    """Returns the text part of a body as the former dialect reads it and as it is read now, with tokens as written."""
    protected, codec = protected_body(body, fields)
    former, now = (markdown.parse(protected, codec, former=former)[0] for former in (True, False))
    return codec.written(text.to_text(former, codec, protected)), codec.written(text.to_text(now, codec, protected))


def protected_body(body: str, fields: Mapping[str, Field]) -> tuple[str, Codec]:
    """Returns a body with sentinels for its tokens, and their codec. Raises TooMuch."""
    source = clean_source(body)
    tokens = find(source, fields)
    _refuse_too_much(source, len(tokens))
    codec = Codec.for_text([source], tokens, fields)
    return codec.protect(source, 0, len(tokens)), codec


def sentence(problem: Unresolved) -> str:
    """Returns what is wrong with a token, where, and what was probably meant."""
    line = f", line {problem.line}," if problem.part == "body" else ""
    hint = f" Did you mean {{{problem.nearest}}}?" if problem.nearest else ""
    return f'"{problem.written}" in the {_PART_NAMES[problem.part]}{line} is not a field we know.{hint}'


def _refuse_unresolved(problems: Sequence[Unresolved]) -> None:
    if problems:
        errors = [FieldError(problem.part, "UNRESOLVED_TOKEN", sentence(problem)) for problem in problems]
        raise UnresolvedToken(fields=errors)


def _refuse_empty(source: Mapping[str, str]) -> None:
    for part, wanted in (("subject", "A mail needs a subject."), ("body", "A mail needs a text.")):
        if not source[part].strip():
            _refuse(part, [wanted])
    if len(source["subject"]) > SUBJECT_LENGTH:
        _refuse("subject", [f"The subject has {len(source['subject'])} characters; {SUBJECT_LENGTH} are allowed."])


def _refuse(part: str, messages: Sequence[str]) -> None:
    raise InvalidInput(fields=[FieldError(part, "INVALID_INPUT", message) for message in messages])


def _hash(source: Mapping[str, str], pieces: Mapping[str, Pieces]) -> str:
    compiled = {part: plain(content) for part, content in pieces.items()}
    return hashlib.sha256(json.dumps([source, compiled], sort_keys=True).encode()).hexdigest()
