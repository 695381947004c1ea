"""What a refusal is: its code, its words, and the fields that it is about.

`web/core/problems.py` alone turns a `DomainError` into HTTP (RFC 9457). What a mail service did with one mail never
reaches HTTP: its words are in `providers/base.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True)
class FieldError:
    """One complaint about one field of what came in."""

    field: str
    code: str
    message: str


Fields = Sequence[FieldError]


class DomainError(Exception):
    """A refusal: nothing was changed. `detail` says what happened and what to do.

    Without a `detail`, the messages of the fields say it; without fields, the sentence of the class does.
    """

    code: ClassVar[str]
    status: ClassVar[int] = 400
    title: ClassVar[str]
    sentence: ClassVar[str] = "Nothing was changed."
    retry_after: int | None = None  # in so many seconds it is worth another try

    def __init__(self, detail: str = "", *, fields: Fields = ()) -> None:
        self.detail = detail or " ".join(wrong.message for wrong in fields) or self.sentence
        self.fields = tuple(fields)
        super().__init__(self.detail)

    @classmethod
    def at(cls, field: str, code: str, message: str) -> Self:
        """The refusal for one field; its message says it all."""
        return cls(fields=[FieldError(field, code, message)])

    @property
    def members(self) -> Mapping[str, object]:
        """What the JSON answer has beside the members of every refusal."""
        return {} if self.retry_after is None else {"retry_after": self.retry_after}
