"""The first words of a body, as lists show it."""

from collections.abc import Mapping, Sequence

from eventmail.content import checks, tokens
from eventmail.content.tokens import Field

LONGEST = 160  # characters
_READ = 2_000  # characters of the body: enough for an excerpt, however long the body is
_SAYS = ("text", "code_inline")


def excerpt(body: str, fields: Mapping[str, Field]) -> str:
    """Returns the first words of a Markdown body on one line, without marks; merge tokens stay as they are written."""
    parsed = checks.parse(body[:_READ], fields)
    words = " ".join(
        "".join(child.content if child.type in _SAYS else " " if child.type.endswith("break") else ""
                for child in block.children or ())
        for block in parsed.tokens
    )  # fmt: skip
    plain = " ".join(parsed.codec.written(words).split())
    if len(plain) <= LONGEST:
        return plain
    cut = plain[: LONGEST - 1]
    if cut.rfind("{") > cut.rfind("}"):  # half a token
        cut = cut[: cut.rfind("{")]
    return f"{cut.rstrip()}…"


def filled(excerpts: Sequence[str], values: Mapping[str, str | None], fields: Mapping[str, Field]) -> list[str]:
    """Returns excerpts as somebody reads them: each token its value, else its fallback, else its field's default."""
    if not excerpts:
        return []
    whole = "\n".join(excerpts)
    read, at = [], 0
    for token in tokens.find(whole, fields):
        field = fields.get(token.field or "")
        if field is not None:
            value = values.get(token.field or "") or token.fallback or field.default
            read += [_shown(whole[at : token.start]), " ".join(value.split())]
            at = token.start + len(token.written)
    return "".join([*read, _shown(whole[at:])]).split("\n")


def _shown(text: str) -> str:
    """The text with its escaped braces as they are read (C1)."""
    return tokens.ESCAPE.sub(lambda found: found[1] or found[0], text)
