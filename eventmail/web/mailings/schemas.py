"""A mailing, its recipients, and decisions about them."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator
from sqlalchemy import Row

from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.web.composer.schemas import Criteria
from eventmail.web.core.context import instant
from eventmail.web.core.intake import Body
from eventmail.web.tracker.schemas import RecipientOut


class MailingIn(Body):
    """What `POST /mailings` takes. `dry_run` makes every check and stores nothing.

    `audience_snapshot` is the token of a preview: when others would get it by now, nothing is sent (A4). `exact` sends
    to the people of that preview all the same.
    """

    kind: Literal["one_time"]
    subject: str
    preheader: str = ""
    body: Annotated[str, StringConstraints(strip_whitespace=False)]
    audience: Criteria = Field(default_factory=Criteria)
    audience_snapshot: str = Field(default="", max_length=100)
    audience_mode: Literal["at_due", "exact"] = "at_due"
    draft: bool = False  # with true it is a `DraftIn`, which asks for less
    dry_run: bool = False

    def message(self) -> Message:
        """What the domain is asked to send."""
        return Message(
            Text(self.subject, self.preheader, self.body),
            self.audience.as_lists(),
            self.audience_snapshot,
            exact=self.audience_mode == "exact",
        )


class RetryIn(Body):
    """`through` names the mail service that is meant, where the message was begun with another one (S13)."""

    through: str = ""


class DecisionIn(Body):
    """What to make of mails that may have been sent; or, with `list`, of addresses that were refused as dead.

    `recipients` (addresses) or `all`, never neither or both.
    """

    decision: Literal["sent", "send_again", "list"]
    recipients: list[str] | None = None
    all: bool = False
    through: str = ""  # the mail service that is meant, where the message was begun with another one (S13)

    @model_validator(mode="after")
    def _one_way(self) -> "DecisionIn":
        if self.all == bool(self.recipients):
            raise ValueError("Name the recipients by address, or say all.")
        return self

    def chosen(self) -> list[str] | None:
        """The addresses, None for all."""
        return None if self.all else self.recipients


def recipient_out(recipient: Row[Any], request_ids: list[str]) -> RecipientOut:
    """The JSON of a row of `progress.recipients`; `request_ids` are those of its attempts, oldest first."""
    return {
        "email": recipient.email,
        "state": recipient.state,
        "provider": recipient.provider,
        "attempts": recipient.attempts,
        "request_ids": request_ids,
        "last_error": recipient.last_error,
        "updated_at": instant(recipient.updated_at),
    }
