"""The base of all refusals: code, sentence, fields.

`web/core/problems.py` alone turns a `DomainError` into HTTP (RFC 9457). The outcomes of a mail service stand in
`providers/base.py` and never reach HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True)
class FieldError:
    field: str
    code: str
    message: str


Fields = Sequence[FieldError]


class DomainError(Exception):
    """A refusal; nothing was changed. `detail` says what happened and what to do.

    Without a `detail` the messages of the fields become it; without fields, the sentence of the class.
    """

    code: ClassVar[str]
    status: ClassVar[int] = 400
    title: ClassVar[str]
    sentence: ClassVar[str] = "Nothing was changed."
    retry_after: int | None = None  # seconds until another try is worth it

    def __init__(self, detail: str = "", *, fields: Fields = ()) -> None:
        self.detail = detail or " ".join(wrong.message for wrong in fields) or self.sentence
        self.fields = tuple(fields)
        super().__init__(self.detail)

    @classmethod
    def at(cls, field: str, code: str, message: str) -> Self:
        return cls(fields=[FieldError(field, code, message)])

    @property
    def members(self) -> Mapping[str, object]:
        """The members of the JSON answer that not every refusal has."""
        return {} if self.retry_after is None else {"retry_after": self.retry_after}
