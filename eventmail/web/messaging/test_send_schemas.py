"""A test send."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints
from typing_extensions import TypedDict

from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.test_sends import Wanted
from eventmail.states import MailingState
from eventmail.web.core.answer_parts import Id, one_of
from eventmail.web.core.intake import Body


def split(typed: Any) -> Any:
    """Addresses as people type them into one field, apart by commas, semicolons, spaces or lines."""
    return [address for address in re.split(r"[,;\s]+", typed) if address] if isinstance(typed, str) else typed


class TestSendOut(TypedDict):
    """A test send and what became of it."""

    id: Id
    to: list[str]
    state: Annotated[str, one_of(MailingState)]
    request_id: str


class WantedIn(Body):
    """What `POST …/mailings/test-sends` takes as JSON."""

    subject: str
    preheader: str = ""
    body: Annotated[str, StringConstraints(strip_whitespace=False)]
    to: Annotated[list[str], BeforeValidator(split)] = Field(default_factory=list)
    guest: str = ""

    def wanted(self) -> Wanted:
        """What the domain is asked to send."""
        return Wanted(Text(self.subject, self.preheader, self.body), tuple(self.to), self.guest)
