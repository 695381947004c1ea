"""Drafts that are made of messages which were sent or cancelled (S7, H3)."""

from sqlalchemy.orm import Session

from eventmail.db import transaction
from eventmail.domain.mailings import contents, drafts, origin, query
from eventmail.domain.mailings.send_time import Plan
from eventmail.models import Content, Mailing
from eventmail.records import Acting
from eventmail.states import MailingKind


def again(event_id: int, mailing_id: int, by: Acting) -> int:
    """Make a draft with the text and audience of a message that was sent or cancelled (S7); returns its id."""
    query.find(event_id, mailing_id)
    with transaction() as tx:
        return again_in(tx, tx.get_one(Mailing, mailing_id), by)


def again_in(tx: Session, mailing: Mailing, by: Acting, *, plan: Plan | None = None) -> int:
    """`again`, in the caller's transaction, with a `plan`."""
    content = tx.get_one(Content, mailing.content_id)
    text = contents.Text(content.subject, content.preheader, content.body)
    audience, kind = drafts.criteria(mailing.audience), MailingKind(mailing.kind)
    written = drafts.Written(text, audience, plan, origin.of(mailing), kind=kind, about=mailing.about)
    return drafts.make(tx, mailing.event_id, written, by, dialect=content.dialect).id
