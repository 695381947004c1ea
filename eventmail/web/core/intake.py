"""Reads a request, form or JSON: its checked body, its page, its idempotency key."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypedDict, TypeVar

from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from eventmail import ids
from eventmail.errors import FieldError, IdempotencyKeyRequired, InvalidInput

M = TypeVar("M", bound="Body")
E = TypeVar("E", bound=StrEnum)
_FORM_EXTRAS = frozenset({"csrf_token", "idempotency_key", "next", "seen"})
_MOST_MEMBERS = 1_000


class Body(BaseModel):
    """A request's body. An unknown member is refused, so that a misspelt one is never dropped in silence."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def parse(model: type[M], *, lists: frozenset[str] = frozenset()) -> M:
    """The body of this request, JSON or form, as `model`. `lists` names the form fields that may come repeatedly.

    Raises InvalidInput with a FieldError for each complaint.
    """
    return validated(model, json_body() if request.is_json else form_body(request.form, lists))


def json_body() -> dict[str, Any]:
    """The JSON object of this request; null means absent, except in a PATCH."""
    try:
        body = request.get_json()
    except (BadRequest, RecursionError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        raise InvalidInput("The body must be one JSON object.")
    if len(body) > _MOST_MEMBERS:
        raise InvalidInput(f"The body has {len(body):,} members. No request has more than a few dozen.")
    return body if request.method == "PATCH" else _without_nulls(body)


def _without_nulls(body: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_nulls(value) if isinstance(value, dict) else value
        for name, value in body.items()
        if value is not None
    }


def form_body(form: MultiDict[str, str], lists: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A form as a mapping, without the fields that every form carries."""
    return {
        name: [value for value in form.getlist(name) if value] if name in lists else form[name]
        for name in form
        if name not in _FORM_EXTRAS
    }


def validated(model: type[M], values: dict[str, Any]) -> M:
    """`values` as `model`. Raises InvalidInput in plain words."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fields = [
            FieldError(".".join(map(str, item["loc"])), item["type"].upper(), _words(item["type"], item["msg"]))
            for item in error.errors(include_url=False)
        ]
        detail = "; ".join(f"{field.field}: {field.message}" if field.field else field.message for field in fields)
        raise InvalidInput(detail, fields=fields) from None


def _words(kind: str, message: str) -> str:
    return {
        "missing": "Please fill this in.",
        "extra_forbidden": "This is not a field we know.",
        "string_type": "This must be text.",
    }.get(kind, message.removeprefix("Value error, "))


def wall_time(value: Any) -> datetime | None:
    """A naive wall time from `YYYY-MM-DD[THH:MM[:SS]]`, a date alone for all-day; an empty form field is None.

    Raises ValueError.
    """
    if value is None or value == "":
        return None
    for pattern in ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"):
        try:
            return datetime.strptime(str(value), pattern)  # noqa: DTZ007  a wall time, its zone stands beside it
        except ValueError:
            continue
    raise ValueError("Use a local time such as 2027-05-01T18:00, without offset; the time zone stands beside it.")


LOCAL_TIME = {
    "type": ["string", "null"],
    "pattern": r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$",
    "description": "A local time without offset; the time zone stands beside it.",
    "examples": ["2027-06-19T18:00"],
}
WallTime = Annotated[datetime | None, BeforeValidator(wall_time), WithJsonSchema(LOCAL_TIME)]

Revision = Annotated[int, Field(ge=1, le=ids.MAX_ID)]  # SQLite holds no larger number


def _fold(value: Any) -> int | None:
    """Which of two equal wall times is meant; an empty form field is None."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or value not in (0, 1, "0", "1"):
        raise ValueError("Choose 0 for the first of two equal times, or 1 for the second.")
    return int(value)


_FOLD = {
    "type": ["integer", "null"],
    "minimum": 0,
    "maximum": 1,
    "description": "Of a local time that occurs twice, 0 means the first and 1 the second; null for every other time.",
}
Fold = Annotated[int | None, BeforeValidator(_fold), WithJsonSchema(_FOLD)]


class Paging(TypedDict):
    """The arguments of `db.paginate` that come from a URL."""

    page: int
    size: int


def paging(usual: int = 50) -> Paging:
    """`page` and `size` from the URL. Unreadable values mean the first page of the `usual` size."""
    page, size = request.args.get("page", 1, int), request.args.get("per_page", usual, int)
    return {"page": max(1, min(page, 10**9)), "size": max(1, min(size, 200))}


def chosen(name: str, words: type[E]) -> E | None:
    """The word of `words` that the URL's `name` is, None when it is empty. Raises InvalidInput for another one."""
    try:
        return words(word) if (word := request.args.get(name, "").strip()) else None
    except ValueError:
        message = f"The {name} must be one of {', '.join(words)}."
        raise InvalidInput.at(name, f"INVALID_{name.upper()}", message) from None


def needed_key() -> str:
    """The idempotency key of this request. Raises IdempotencyKeyRequired without one."""
    key = idempotency_key()
    if key is None:
        raise IdempotencyKeyRequired
    return key


def idempotency_key() -> str | None:
    """The key of this request, from the header or the form. Raises InvalidInput when both differ."""
    try:
        given = {
            key
            for raw in (request.headers.get("Idempotency-Key"), request.form.get("idempotency_key"))
            if (key := ids.idempotency_key(raw))
        }
    except ValueError as error:
        raise InvalidInput.at("idempotency_key", "INVALID_KEY", f"The Idempotency-Key must be {error}.") from None
    if len(given) > 1:
        raise InvalidInput("The Idempotency-Key of the header and the one of the form differ.")
    return given.pop() if given else None
