"""Why did somebody not get it? (F4)"""

from flask import Blueprint, Response, g, request, url_for

from eventmail import ids
from eventmail.domain.outcomes import why as outcome_why
from eventmail.domain.outcomes.outcome_of import NoRecipient, Story
from eventmail.errors import NotFound
from eventmail.models import Event
from eventmail.web.core import intake
from eventmail.web.core.context import instant
from eventmail.web.core.respond import respond
from eventmail.web.mailings.schemas import StoryOut, WhyOut
from eventmail.web.words import outcome

bp = Blueprint("why", __name__, url_prefix="/admin/events/<id:event_id>/why")


@bp.get("")
def why(event_id: int) -> Response:
    """Everything in the records about the address or name in the URL, or about its guest."""
    event: Event = g.event
    asked, guest = request.args.get("address", ""), request.args.get("guest", "")
    guest_id, page = ids.row_id(guest), intake.paging()["page"]
    if guest and guest_id is None:
        raise NotFound
    answer = outcome_why.why(event_id, asked, guest_id, page=page) if asked.strip() or guest_id else None
    told = [(story, _said(answer, story, event)) for story in answer.stories.items] if answer else []

    def url_of(number: int) -> str:
        where = {"address": asked or None, "guest": guest or None, "page": number if number > 1 else None}
        return url_for(".why", event_id=event_id, **where)  # type: ignore[arg-type]

    return respond(
        page="events/why.html",
        json=lambda: _out(answer, told, event),
        answer=answer,
        asked=asked.strip() or (answer.asked if answer else ""),
        told=told,
        listed=[outcome.on_list(entry, event.zone) for entry in answer.on_list] if answer else [],
        day=lambda at: outcome.day(at, event.zone),
        url_of=url_of,
    )


def _said(answer: outcome_why.Answer, story: Story, event: Event) -> str:
    if story.outcome is NoRecipient.NOT_ASKED:
        return outcome.not_asked(story, answer.people, event.zone)
    return outcome.sentence(story, event.zone)


def _story_out(story: Story, sentence: str) -> StoryOut:
    return {
        "mailing": str(story.mailing_id),
        "subject": story.subject,
        "sent_at": instant(story.sent_at),
        "outcome": story.outcome,
        "sentence": sentence,
        "reason": story.reason,
        "at": instant(story.at) or None,
        "attempts": story.attempts,
        "request_ids": list(story.request_ids),
        "delivery": story.delivery,
        "provider": story.provider,
    }


def _out(answer: outcome_why.Answer | None, told: list[tuple[Story, str]], event: Event) -> WhyOut:
    answer = answer or outcome_why.Answer("")
    return {
        "asked": answer.asked,
        "address": answer.address,
        "known": not answer.unknown,
        "guests": [{"id": str(person.id), "name": person.name, "status": person.status} for person in answer.people],
        "candidates": [{"id": str(one.id), "name": one.full_name, "email": one.email} for one in answer.candidates],
        "on_list": [
            {"reason": entry.reason, "since": instant(entry.since), "sentence": outcome.on_list(entry, event.zone)}
            for entry in answer.on_list
        ],
        "removed": [{"name": gone.name, "at": instant(gone.at), "by": gone.actor} for gone in answer.removed],
        "items": [_story_out(story, sentence) for story, sentence in told],
        "page": answer.stories.number,
        "pages": answer.stories.pages,
        "total": answer.stories.total,
    }
