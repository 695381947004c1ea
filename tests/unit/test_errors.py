"""One class per code, its status as the HTTP contract says."""

import ast
from pathlib import Path

import pytest

from eventmail import errors
from eventmail.errors import DomainError, FieldError, InvalidInput

PACKAGE = Path(errors.__file__).parent.parent
STATUSES = {
    400: {
        "UNRESOLVED_TOKEN", "INVALID_AUDIENCE", "INVALID_INPUT", "NONEXISTENT_TIME", "INVALID_TIMEZONE",
        "IDEMPOTENCY_KEY_REQUIRED",
    },
    401: {"NOT_SIGNED_IN", "BAD_CREDENTIALS"},
    403: {"LINK_EXPIRED", "CSRF_FAILED", "BAD_SIGNATURE", "ROLE_TOO_LOW", "NOT_BY_TOKEN", "READ_ONLY_TOKEN"},
    404: {"NOT_FOUND"},
    409: {
        "NO_RECIPIENTS", "AUDIENCE_CHANGED", "QUOTA_EXCEEDED", "ALREADY_CANCELLED", "ALREADY_SENT", "NOTHING_TO_DO",
        "ALREADY_REGISTERED", "LAST_OWNER", "LIST_CHANGED", "UNDO_OVER", "EVENT_ARCHIVED", "MESSAGES_WAITING",
        "STALE_REVISION", "PAST_EDIT_WINDOW", "EVENT_CHANGED", "MAIL_UNDER_WAY",
    },
    413: {"TOO_LARGE"},
    422: {"IDEMPOTENCY_KEY_REUSED"},
    429: {"RATE_LIMITED"},
    503: {"BUSY", "DISK_FULL", "UNAVAILABLE"},
}  # fmt: skip


def every_error() -> list[type[DomainError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DomainError)]


def test_every_code_stands_under_its_status() -> None:
    grouped: dict[int, set[str]] = {}
    for kind in every_error():
        grouped.setdefault(kind.status, set()).add(kind.code)
    assert grouped == STATUSES


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in every_error() if kind is not DomainError and "code" in vars(kind)]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_a_title_is_a_short_sentence_without_a_full_stop(kind: type[DomainError]) -> None:
    assert kind.title
    assert len(kind.title) <= 60
    assert not kind.title.endswith(".")


def test_a_detail_replaces_the_usual_sentence() -> None:
    assert errors.NoRecipients().detail == "No recipients match this audience."
    assert errors.NoRecipients("Nobody at all.").detail == "Nobody at all."
    assert str(errors.NoRecipients()) == "No recipients match this audience."


def test_fields_and_extras_travel_with_the_error() -> None:
    wrong = FieldError("title", "REQUIRED", "An event needs a title.")
    refused = InvalidInput("An event needs a title.", fields=[wrong], left=3)
    assert refused.fields == (wrong,)
    assert refused.extra == {"left": 3}


def test_a_refusal_for_one_field_says_its_message_once() -> None:
    refused = errors.InvalidTimezone.at("timezone", "INVALID_TIMEZONE", "“Mars” is no time zone.")
    assert isinstance(refused, errors.InvalidTimezone)
    assert refused.detail == str(refused) == "“Mars” is no time zone."
    assert refused.fields == (FieldError("timezone", "INVALID_TIMEZONE", "“Mars” is no time zone."),)


def test_a_refusal_for_several_fields_says_all_their_messages() -> None:
    both = [FieldError("title", "REQUIRED", "An event needs a title."), FieldError("url", "INVALID_URL", "No address.")]
    assert InvalidInput(fields=both).detail == "An event needs a title. No address."


def test_nobody_makes_a_refusal_for_one_field_by_hand() -> None:
    """A message that is written twice can differ; `DomainError.at` takes it once."""
    by_hand = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.keyword) and node.arg == "fields"
        if isinstance(node.value, ast.List) and len(node.value.elts) == 1
        if path != PACKAGE / "errors" / "base.py"
    ]
    assert by_hand == []
