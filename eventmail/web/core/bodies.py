"""Limits the size of a request: little from strangers, a file only from signed-in users and where files are taken.

The limit is checked twice: by the server before it reads more than a little, and before a view is called.
"""

from collections.abc import Callable
from typing import Any

from flask import request

from eventmail.errors import TooLarge
from eventmail.serving import gateway

STRANGERS = 64 * 1024  # bytes
ORDINARY = 4 * 1024 * 1024  # a form or JSON of a signed-in user
UPLOAD = 60 * 1024 * 1024
MOST_FIELDS = 10_000  # of a form: thousands of guests may be ticked
_LARGEST = "largest_body"
_FORM = "application/x-www-form-urlencoded"


def takes(size: int) -> Callable[[Any], Any]:
    """For a view that takes `size` bytes: from everybody if the view is open, else from signed-in users."""

    def mark(view: Any) -> Any:
        setattr(view, _LARGEST, size)
        return view

    return mark


def largest(view: Any, *, signed_in: bool, open_: bool) -> int:
    """How many bytes `view` takes."""
    return getattr(view, _LARGEST, STRANGERS if open_ else ORDINARY) if open_ or signed_in else STRANGERS


def check(size: int) -> None:
    """Raises TooLarge for more than `size` bytes, for more than MOST_FIELDS, and for a body that the server left."""
    request.max_content_length = size
    if (request.content_length or 0) > size or gateway.UNREAD in request.environ:
        raise TooLarge(f"At most {_words(size)} are taken here. Nothing was read.")
    if request.mimetype == _FORM and request.get_data().count(b"&") >= MOST_FIELDS:
        raise TooLarge(f"A form has at most {MOST_FIELDS:,} fields. Nothing was changed.")


def _words(size: int) -> str:
    return f"{size // 1024} KB" if size < 1024 * 1024 else f"{size // 1024 // 1024} MB"
