"""What may come in, for forms and JSON alike, and how rows go out."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypedDict, TypeVar

from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from eventmail import ids
from eventmail.domain import guests, imports
from eventmail.domain.contents import Text
from eventmail.domain.mailings import Message
from eventmail.errors import FieldError, InvalidInput
from eventmail.models import Event, Recipient
from eventmail.web.context import instant

M = TypeVar("M", bound="Body")
_FORM_EXTRAS = frozenset({"csrf_token", "idempotency_key", "next"})


class Body(BaseModel):
    """A request's body. Unknown members are refused, so that a misspelt one is never silently dropped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def parse(model: type[M], *, lists: frozenset[str] = frozenset()) -> M:
    """The body of this request, JSON or form, as `model`; `lists` names the form fields that may come repeatedly.

    Raises InvalidInput with one FieldError per complaint.
    """
    return validated(model, json_body() if request.is_json else form_body(request.form, lists))


def json_body() -> dict[str, Any]:
    """The JSON object of this request; in a POST null means absent."""
    try:
        body = request.get_json()
    except (BadRequest, RecursionError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        raise InvalidInput("The body must be one JSON object.")
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
    """`values` as `model`, or InvalidInput in plain words."""
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


def _wall_time(value: Any) -> Any:
    """A naive wall time `YYYY-MM-DDTHH:MM[:SS]` (or a date, for all-day); a form's empty field is None."""
    if value is None or value == "":
        return None
    for pattern in ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"):
        try:
            return datetime.strptime(str(value), pattern)  # noqa: DTZ007  a wall time, its zone stands beside it
        except ValueError:
            continue
    raise ValueError("Use a local time such as 2027-05-01T18:00, without offset; the time zone stands beside it.")


WallTime = Annotated[datetime | None, BeforeValidator(_wall_time)]


class SignIn(Body):
    email: str = Field(max_length=320)
    password: Annotated[str, Field(max_length=1000)]


class Owner(Body):
    name: str = Field(max_length=100)
    email: str = Field(max_length=320)
    password: Annotated[str, Field(max_length=1000)]


class EventIn(Body):
    """POST needs `title` and `timezone`; PATCH takes any of them, null clears."""

    title: str | None = None
    description: str | None = None
    location: str | None = None
    timezone: str | None = None
    starts_at: WallTime = None
    ends_at: WallTime = None
    all_day: bool | None = None
    url: str | None = None
    sender_name: str | None = None
    reply_to: str | None = None

    def values(self) -> dict[str, Any]:
        """The given fields under the names the domain uses."""
        renamed = {"starts_at": "starts_wall", "ends_at": "ends_wall"}
        return {renamed.get(name, name): value for name, value in self.model_dump(exclude_unset=True).items()}


def event_out(event: Event) -> dict[str, Any]:
    """An event's JSON (product 6): instants in UTC beside the zone they belong to."""
    return {
        "id": str(event.id),
        "title": event.title,
        "description": event.description,
        "location": event.location,
        "timezone": event.timezone,
        "starts_at": instant(event.starts_at) or None,
        "ends_at": instant(event.ends_at) or None,
        "all_day": event.all_day,
        "url": event.url,
        "sender_name": event.sender_name,
        "reply_to": event.reply_to,
    }


def page_out(page: Any, item: Any) -> dict[str, Any]:
    """A list's JSON (product 6)."""
    return {"items": [item(row) for row in page.items], "page": page.number, "pages": page.pages, "total": page.total}


class Paging(TypedDict):
    """The arguments of `db.paginate` that come from a URL."""

    page: int
    size: int


def paging() -> Paging:
    """`page` and `size` from the URL; anything unreadable is the first page of 50."""
    page = request.args.get("page", default=1, type=int)
    size = request.args.get("per_page", default=50, type=int)
    return {"page": max(1, min(page, 10**9)), "size": max(1, min(size, 200))}


class Criteria(Body):
    """An audience as a body names it (A1)."""

    statuses: list[str] = []
    segments: list[str] = []
    guests: list[str] = []
    exclude_segments: list[str] = []

    def as_lists(self) -> dict[str, list[str]]:
        """The criteria under the names the domain uses."""
        return self.model_dump()


class AudiencePreview(Body):
    audience: Criteria


class MailingIn(Body):
    """What `POST /mailings` takes. `dry_run` makes every check and stores nothing."""

    kind: Literal["one_time"]
    subject: str
    preheader: str = ""
    body: Annotated[str, StringConstraints(strip_whitespace=False)]
    audience: Criteria
    dry_run: bool = False

    def message(self) -> Message:
        """What the domain is asked to send."""
        return Message(Text(self.subject, self.preheader, self.body), self.audience.as_lists())


def exclusion_out(row: Any) -> dict[str, Any]:
    """A guest who won't get it, as JSON; `shares_with` is the guest whose mail goes to the same address."""
    return {
        "id": str(row.id),
        "email": row.email,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "reason": row.reason,
        "shares_with": str(row.shares_with) if row.shares_with else None,
    }


class DecisionIn(Body):
    """What to make of mails that may have been sent: `recipients` (addresses) or `all`, never neither or both."""

    decision: Literal["sent", "send_again"]
    recipients: list[str] | None = None
    all: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> "DecisionIn":
        if self.all == bool(self.recipients):
            raise ValueError("Name the recipients by address, or say all.")
        return self

    def chosen(self) -> list[str] | None:
        """The addresses, None for all."""
        return None if self.all else self.recipients


def recipient_out(recipient: Recipient, request_ids: list[str]) -> dict[str, Any]:
    """A recipient's JSON; `request_ids` are those of its attempts, oldest first."""
    return {
        "email": recipient.email,
        "state": recipient.state,
        "attempts": recipient.attempts,
        "request_ids": request_ids,
        "last_error": recipient.last_error,
        "updated_at": instant(recipient.updated_at),
    }


def idempotency_key() -> str | None:
    """The key of this request, from the header or from the form; both and different is InvalidInput."""
    try:
        given = {
            key
            for raw in (request.headers.get("Idempotency-Key"), request.form.get("idempotency_key"))
            if (key := ids.idempotency_key(raw))
        }
    except ValueError as error:
        message = f"The Idempotency-Key must be {error}."
        raise InvalidInput(message, fields=[FieldError("idempotency_key", "INVALID_KEY", message)]) from None
    if len(given) > 1:
        raise InvalidInput("The Idempotency-Key of the header and the one of the form differ.")
    return given.pop() if given else None


class GuestIn(Body):
    """POST and PATCH take any of them; null clears, and clears one attribute inside `attributes`."""

    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    status: str | None = None
    tags: list[str] | None = None
    attributes: dict[str, str | None] | None = None

    def values(self) -> dict[str, Any]:
        """The given fields under the names the domain uses."""
        return self.model_dump(exclude_unset=True)


def guest_out(guest: guests.Listed) -> dict[str, Any]:
    """A guest's JSON (product 6); `suppressed` is the reason on the do-not-mail list (F1) or null."""
    return {
        "id": str(guest.id),
        "email": guest.email,
        "first_name": guest.first_name,
        "last_name": guest.last_name,
        "status": guest.status,
        "suppressed": guest.suppressed,
        "tags": list(guest.tags),
        "attributes": dict(guest.attributes),
    }


def report_out(report: imports.Report) -> dict[str, Any]:
    """What an import did, as JSON (product 6)."""
    return {
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": [row._asdict() for row in report.rejected],
    }
