"""Types that answers are made of. A `…_out` function returns such a type, and the API's document is made from it."""

from collections.abc import Iterable
from typing import Annotated, Generic, TypeVar

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from eventmail.domain.outcomes.outcome_of import NoRecipient
from eventmail.models.account import Role
from eventmail.states import RecipientState

T = TypeVar("T")

Id = Annotated[str, Field(description="An opaque id.")]
Instant = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]  # RFC 3339 in UTC


def one_of(words: Iterable[str]) -> WithJsonSchema:
    """For `Annotated[str, one_of(…)]`: a text that is one of `words`, such as a state."""
    return WithJsonSchema({"type": "string", "enum": [str(word) for word in words]})


ProviderWord = Annotated[
    str | None,
    Field(
        description="The mail service that had it, `outbox` for practice mode; null where none had, or nobody noted."
    ),
]
RoleWord = Annotated[str, one_of(Role)]
OutcomeWord = Annotated[str, one_of([*RecipientState, *NoRecipient])]


class Listed(TypedDict, Generic[T]):
    """One page of a list; a page past the end is the last one."""

    items: list[T]
    page: int
    pages: int
    total: int
