"""One Content from its source: checked, parsed, sanitised and inlined once; a guest costs filling in (C2, C5, C6)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape

from eventmail.content import markdown, shell, text
from eventmail.content.compiled import Compiled, plain
from eventmail.content.personalise import SUBJECT_LENGTH, strings
from eventmail.content.segments import Marks, Mode, Segments
from eventmail.content.tokens import Field, Unresolved, clean_source, find, unresolved
from eventmail.content.wire import quoted_printable
from eventmail.errors import FieldError, InvalidInput, UnresolvedToken

SIZE_WARNED = 80 * 1024
SIZE_REFUSED = 100 * 1024
_PART_NAMES = {"subject": "subject", "preheader": "preview text", "body": "body"}


def compile_content(
    subject: str, preheader: str, body: str, *, fields: Mapping[str, Field], strict: bool = True
) -> Compiled:
    """The compiled form of one Content; `fields` are the known ones (`known_fields`).

    Raises UnresolvedToken naming every token that is no field (C2), and InvalidInput for an empty subject or body, a
    subject beyond 998 characters, a broken `:::` block, or more than 100 KB (C6). With `strict=False`, for previews of
    drafts, nothing raises: unknown tokens and broken blocks are marked in the HTML and stand as written in the text.
    """
    source = {
        "subject": " ".join(clean_source(subject).split("\n")),
        "preheader": " ".join(clean_source(preheader).split("\n")),
        "body": clean_source(body),
    }
    if strict:
        _refuse_unresolved(unresolved(source, fields))
        _refuse_empty(source)
    found = {part: find(written) for part, written in source.items()}
    tokens = [token for part in found.values() for token in part]
    marks = Marks.for_text(list(source.values()), tokens, fields)
    protected, first = {}, 0
    for part, written in source.items():
        protected[part] = marks.protect(written, first, len(found[part]))
        first += len(found[part])
    title, hidden = (" ".join(protected[part].split()) for part in ("subject", "preheader"))
    parsed, problems = markdown.parse(protected["body"], marks)
    if strict and problems:
        _refuse("body", [f"Line {problem.line} of the body: {problem.message}" for problem in problems])

    html = shell.html_page(escape(title), escape(hidden), markdown.to_html(parsed, marks), marks)
    segments = {
        "subject": marks.split(title, Mode.HEADER),
        "preheader": marks.split(hidden, Mode.TEXT),
        "html": marks.split(html, Mode.HTML),
        "text": marks.split(shell.text_page(text.to_text(parsed, marks), marks), Mode.TEXT),
    }
    size = sum(len(quoted_printable("".join(strings(segments[part], {}, fields)))) for part in ("html", "text"))
    if strict and size > SIZE_REFUSED:
        _refuse("body", [f"The mail is {size // 1024} KB. Mail services cut mails beyond 100 KB: shorten it."])
    return Compiled(
        subject=segments["subject"],
        preheader=segments["preheader"],
        html=segments["html"],
        text=segments["text"],
        merged=tuple(dict.fromkeys(token.field for token in tokens if token.field and token.field in fields)),
        hash=_hash(source, segments),
        size=size,
    )


def sentence(problem: Unresolved) -> str:
    """What is wrong with a token, where, and what was probably meant, in one sentence or two."""
    place = f", line {problem.line}," if problem.part == "body" else ""
    hint = f" Did you mean {{{problem.nearest}}}?" if problem.nearest else ""
    return f'"{problem.written}" in the {_PART_NAMES[problem.part]}{place} is not a field we know.{hint}'


def _refuse_unresolved(problems: Sequence[Unresolved]) -> None:
    if problems:
        errors = [FieldError(problem.part, "UNRESOLVED_TOKEN", sentence(problem)) for problem in problems]
        raise UnresolvedToken(" ".join(error.message for error in errors), fields=errors)


def _refuse_empty(source: Mapping[str, str]) -> None:
    for part, wanted in (("subject", "A mail needs a subject."), ("body", "A mail needs a text.")):
        if not source[part].strip():
            _refuse(part, [wanted])
    if len(source["subject"]) > SUBJECT_LENGTH:
        _refuse("subject", [f"The subject has {len(source['subject'])} characters; {SUBJECT_LENGTH} are allowed."])


def _refuse(part: str, messages: Sequence[str]) -> None:
    raise InvalidInput(" ".join(messages), fields=[FieldError(part, "INVALID_INPUT", message) for message in messages])


def _hash(source: Mapping[str, str], segments: Mapping[str, Segments]) -> str:
    compiled = {part: plain(content) for part, content in segments.items()}
    return hashlib.sha256(json.dumps([source, compiled], sort_keys=True).encode()).hexdigest()
