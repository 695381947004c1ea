"""A mailing, its recipients, and decisions about them."""

from typing import Annotated, Any, Literal

from pydantic import StringConstraints, model_validator

from eventmail.domain.contents import Text
from eventmail.domain.mailings import Message
from eventmail.models import Recipient
from eventmail.web.context import instant
from eventmail.web.intake import Body
from eventmail.web.schemas.audience import Criteria


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
