"""What no sentence may show: the marks that our own code works with, which mean nothing to a reader."""

import re
from html import unescape
from typing import Any

from werkzeug.test import TestResponse

# sentinels of a compilation, places of format strings, objects as Python prints them, signs no keyboard has
_OURS = (
    r"q[0-9a-f]{16}|%\(\w+\)s| object at 0x|<(?:class|function|bound|Undefined)\b|\bUndefined\b|\bNone\b(?! [a-z])"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ue000-\uf8ff\ufffe\uffff\U000f0000-\U0010ffff]"
)
INTERNAL = re.compile(_OURS)
# in what is made of a text alone, without people's words; an event may be called “{0}”
INTERNAL_OF_TEXTS = re.compile(rf"{_OURS}|%[sdr]\b|\{{\d+\}}|\{{[a-z_]+\.n?\d+\}}")
# markup, and what somebody typed into a field that is shown again
_UNSEEN = re.compile(r"<(script|style|template|textarea|title)\b.*?</\1>|<[^>]*>", re.DOTALL)
_SENTENCES = {"detail", "title", "message", "sentence", "warnings"}


def check(answer: TestResponse) -> None:
    """Fail when a page, a fragment or a sentence for programs shows one of them."""
    found: list[str] = []
    if "Content-Encoding" not in answer.headers and answer.mimetype == "text/html":
        found = INTERNAL.findall(unescape(_UNSEEN.sub(" ", answer.text)))
    elif "Content-Encoding" not in answer.headers and answer.mimetype == "application/problem+json":
        found = _of_json(answer.get_json(silent=True))
    assert not found, f"{answer.request.method} {answer.request.path} shows {found}"


def _of_json(value: Any, *, told: bool = False) -> list[str]:
    if isinstance(value, dict):
        return [one for name, inner in value.items() for one in _of_json(inner, told=name in _SENTENCES)]
    if isinstance(value, list):
        return [one for inner in value for one in _of_json(inner, told=told)]
    return INTERNAL.findall(value) if told and isinstance(value, str) else []
