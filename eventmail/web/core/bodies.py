"""How large a request may be: little for whom nobody knows, a file only for who is signed in where files are taken.

The rule is asked twice: by the server, before it reads more than a little of anybody, and before a view is called.
"""

from collections.abc import Callable
from typing import Any

from flask import request

from eventmail.errors import TooLarge
from eventmail.serving import gateway

STRANGERS = 64 * 1024  # bytes
ORDINARY = 4 * 1024 * 1024  # a form or JSON of who is signed in
UPLOAD = 60 * 1024 * 1024
MOST_FIELDS = 10_000  # of a form: thousands of guests may be ticked
_LARGEST = "largest_body"
_FORM = "application/x-www-form-urlencoded"


def takes(size: int) -> Callable[[Any], Any]:
    """Mark a view that takes `size` bytes: of everybody where it is open, else of who is signed in."""

    def mark(view: Any) -> Any:
        setattr(view, _LARGEST, size)
        return view

    return mark


def largest(view: Any, *, signed_in: bool, open_: bool) -> int:
    """How many bytes `view` takes."""
    if open_ or signed_in:
        marked: int = getattr(view, _LARGEST, STRANGERS if open_ else ORDINARY)
        return marked
    return STRANGERS


def check(size: int) -> None:
    """Raises TooLarge for more than `size` bytes, for MOST_FIELDS and more, and for what the server did not read."""
    request.max_content_length = size
    if (request.content_length or 0) > size or gateway.UNREAD in request.environ:
        raise TooLarge(f"At most {_words(size)} are taken here. Nothing was read.")
    if request.mimetype == _FORM and request.get_data().count(b"&") >= MOST_FIELDS:
        raise TooLarge(f"A form has at most {MOST_FIELDS:,} fields. Nothing was changed.")


def _words(size: int) -> str:
    return f"{size // 1024} KB" if size < 1024 * 1024 else f"{size // 1024 // 1024} MB"
