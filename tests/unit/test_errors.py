"""One class per code, its status as the HTTP contract says."""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from eventmail import errors
from eventmail.errors import AudienceChanged, DomainError, FieldError, InvalidInput
from eventmail.web import areas

PACKAGE = Path(errors.__file__).parent.parent
STATUSES = {
    400: {
        "UNRESOLVED_TOKEN", "INVALID_AUDIENCE", "INVALID_MESSAGE_TYPE", "INVALID_INPUT", "NONEXISTENT_TIME",
        "AMBIGUOUS_TIME", "PAST_SEND_AT", "MISSING_EVENT_TIME", "INVALID_TIMEZONE", "IDEMPOTENCY_KEY_REQUIRED",
    },
    401: {"NOT_SIGNED_IN", "BAD_CREDENTIALS"},
    403: {"LINK_EXPIRED", "CSRF_FAILED", "BAD_SIGNATURE", "ROLE_TOO_LOW", "NOT_BY_TOKEN", "READ_ONLY_TOKEN"},
    404: {"NOT_FOUND"},
    409: {
        "NO_RECIPIENTS", "AUDIENCE_CHANGED", "QUOTA_EXCEEDED", "ALREADY_CANCELLED", "ALREADY_SENT", "NOTHING_TO_DO",
        "ALREADY_REGISTERED", "LAST_OWNER", "LIST_CHANGED", "UNDO_OVER", "EVENT_ARCHIVED", "MESSAGES_WAITING",
        "STALE_REVISION", "PAST_EDIT_WINDOW", "EVENT_CHANGED", "MAIL_UNDER_WAY", "NOT_PUBLISHED",
        "DESIGN_ARCHIVED", "DESIGN_IN_USE",
    },
    410: {"LINK_REPLACED"},
    413: {"TOO_LARGE"},
    422: {"IDEMPOTENCY_KEY_REUSED"},
    429: {"RATE_LIMITED"},
    503: {"BUSY", "DISK_FULL", "UNAVAILABLE"},
}  # fmt: skip


def kinds_of(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for narrower in kind.__subclasses__():
        yield narrower
        yield from kinds_of(narrower)


def every_error() -> list[type[DomainError]]:
    """Each one that can be met: importing the areas has imported all that refuses."""
    assert areas
    met = [kind for kind in kinds_of(DomainError) if kind.__module__.startswith("eventmail.")]
    return sorted(set(met) - {errors.Forbidden, errors.Conflict, errors.DraftConflict}, key=lambda kind: kind.__name__)


@cache
def syntax() -> list[tuple[Path, ast.AST]]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return [(path.relative_to(PACKAGE), node) for path in paths for node in ast.walk(ast.parse(path.read_text()))]


def test_every_code_stands_under_its_status() -> None:
    grouped: dict[int, set[str]] = {}
    for kind in every_error():
        grouped.setdefault(kind.status, set()).add(kind.code)
    assert grouped == STATUSES


def test_no_two_errors_share_a_code() -> None:
    """Only a narrower kind of an error has the code of that error, and may have another title."""
    codes = [kind.code for kind in every_error() if "code" in vars(kind)]
    assert sorted(codes) == sorted(set(codes))


def test_every_refusal_has_a_sentence_of_its_class_or_of_its_place() -> None:
    """The sentence of the base says what was not done, and nothing else: no refusal is that alone."""
    assert all(kind.sentence.endswith(".") for kind in every_error())
    bare = {kind.__name__ for kind in every_error() if kind.sentence == DomainError.sentence}
    raised = [
        (str(path), node.lineno)
        for path, node in syntax()
        if isinstance(node, ast.Raise | ast.Return) and node.end_lineno
        for name in [ast.unparse(node).partition(" ")[2].removesuffix(" from None").removesuffix("()")]
        if name.rpartition(".")[2] in bare
    ]
    assert raised == []


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_a_title_is_a_short_sentence_without_a_full_stop(kind: type[DomainError]) -> None:
    assert kind.title
    assert len(kind.title) <= 60
    assert not kind.title.endswith(".")


def test_a_detail_replaces_the_usual_sentence() -> None:
    assert errors.NoRecipients().detail == "No recipients match this audience."
    assert errors.NoRecipients("Nobody at all.").detail == "Nobody at all."
    assert str(errors.NoRecipients()) == "No recipients match this audience."


def test_what_an_error_carries_is_typed_and_goes_into_the_answer() -> None:
    anna = {"id": "1", "email": "anna@example.org", "first_name": "Anna", "last_name": ""}
    changed = AudienceChanged("Anna left.", joined=[], left=[anna], joined_count=0, left_count=1, exact_count=3)
    assert (changed.left, changed.left_count, changed.exact_count) == ([anna], 1, 3)
    assert changed.members == {"joined": [], "left": [anna], "joined_count": 0, "left_count": 1, "exact_count": 3}
    sent = errors.AlreadySent("Eve sent this at 19:00.", conflict="sent", mailing_id=7)
    assert (sent.conflict, sent.mailing_id, sent.members) == ("sent", 7, {"conflict": "sent", "mailing": "7"})
    assert errors.RateLimited("Wait 2 minutes.", 120).members == {"retry_after": 120}
    assert InvalidInput("Nothing beside it.").members == errors.AlreadySent().members == {}


def test_fields_travel_with_the_error() -> None:
    wrong = FieldError("title", "REQUIRED", "An event needs a title.")
    assert InvalidInput("An event needs a title.", fields=[wrong]).fields == (wrong,)


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
        f"{path}:{node.lineno}"
        for path, node in syntax()
        if isinstance(node, ast.keyword) and node.arg == "fields"
        if isinstance(node.value, ast.List) and len(node.value.elts) == 1
        if path != Path("errors/base.py")
    ]
    assert by_hand == []


def test_nobody_decides_by_the_words_of_an_error() -> None:
    """Words may change; what an error is says its class, and what it carries its attributes."""
    compared = [
        f"{path}:{node.lineno}"
        for path, node in syntax()
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if isinstance(side, ast.Attribute) and side.attr in {"title", "detail", "sentence", "extra"}
    ]
    assert compared == []


def test_no_two_places_say_the_same_sentence() -> None:
    """A sentence that two places need is the sentence of its class, or a name of its own."""
    known = {kind.__name__ for kind in every_error()}
    said = Counter(kind.sentence for kind in every_error() if "sentence" in vars(kind))
    for _, node in syntax():
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(words)), *_]) if name in known:
                said[words] += 1
            case ast.Call(func=ast.Attribute(attr="at"), args=[_, _, ast.Constant(value=str(words))]):
                said[words] += 1
    assert [words for words, times in said.items() if times > 1] == []
