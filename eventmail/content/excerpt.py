"""The first words of a body, as lists show it."""

from collections.abc import Mapping

from eventmail.content import checks
from eventmail.content.tokens import Field

LONGEST = 160  # characters
_READ = 2_000  # characters of the body: enough for an excerpt, however long the body is


def excerpt(body: str, fields: Mapping[str, Field]) -> str:
    """Returns the first words of a Markdown body on one line, without marks; merge tokens stay as they are written."""
    parsed = checks.parse(body[:_READ], fields)
    words = " ".join(
        child.content
        for block in parsed.tokens
        for child in block.children or ()
        if child.type in ("text", "code_inline", "softbreak", "hardbreak")
    )
    plain = " ".join(parsed.codec.written(words).split())
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1].rstrip()}…"
