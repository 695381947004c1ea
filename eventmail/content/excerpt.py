"""The first words of a body, as lists show it."""

from collections.abc import Mapping

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
    return tokens.shortened(" ".join(parsed.codec.written(words).split()), LONGEST)
