"""What an organizer should look at before sending, though nothing of it forbids to send."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markdown_it.token import Token

from eventmail.content import markdown
from eventmail.content.compile import SIZE_WARNED
from eventmail.content.segments import Marks
from eventmail.content.tokens import Field, clean_source, find


@dataclass(frozen=True, slots=True)
class Remark:
    """A code for programs, one sentence for people."""

    code: str
    message: str


def remarks(body: str, size: int, fields: Mapping[str, Field]) -> list[Remark]:
    """Remarks on a body and on the size of its compiled form in bytes, in reading order, size first (C6)."""
    source = clean_source(body)
    tokens = find(source)
    marks = Marks.for_text([source], tokens, fields)
    parsed, _ = markdown.parse(marks.protect(source, 0, len(tokens)), marks)
    large = [Remark("LARGE", f"The mail is {size // 1024} KB; mail services cut mails beyond 100 KB.")]
    return [*(large if size >= SIZE_WARNED else []), *(r for token in parsed for r in _inline(token.children or []))]


def _inline(children: list[Token]) -> Iterator[Remark]:
    opened = 0
    for at, child in enumerate(children):
        if child.type == "image" and not child.content.strip():
            yield Remark("IMAGE_WITHOUT_ALT", "A picture has no description: many guests see only that.")
        elif "lost" in child.meta:
            yield Remark("LINK_WITHOUT_ADDRESS", "A link leads nowhere: its address must begin with https://.")
        elif child.type == "link_open":
            opened = at
        elif child.type == "link_close" and not any(inner.content.strip() for inner in children[opened + 1 : at]):
            yield Remark("LINK_WITHOUT_TEXT", f"A link has no text: {children[opened].attrs['href']}")
