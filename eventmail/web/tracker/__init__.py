"""The one tracker: the same fragment on the page of a message, on its details, and as the answer to its poll."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Response, g, request, url_for
from werkzeug.local import LocalProxy

from eventmail import records
from eventmail.domain import audit_log
from eventmail.domain.mailings import drafts, query
from eventmail.models import Mailing
from eventmail.sending import heartbeat, progress
from eventmail.states import WITHOUT_A_RUN, MailingKind
from eventmail.web.composer.page import Prefix
from eventmail.web.core.context import instant
from eventmail.web.core.respond import respond


@dataclass(frozen=True)
class OwnPage:
    """Where a message is followed: the prefix and the root of its data-test, its endpoint, the next message's."""

    prefix: Prefix
    root: str
    watch: str
    compose: str


_MESSAGE = OwnPage(Prefix.MESSAGE, "guest-messaging-page", "messaging.watch", "messaging.compose")
_CALENDAR = OwnPage(Prefix.CALENDAR, "calendar-email-page", "calendar.watch", "calendar.compose")
_SCHEDULED = OwnPage(Prefix.SCHEDULED, "scheduled-messages-page", "scheduling.watch", "scheduling.compose")


def own(mailing: Mailing) -> OwnPage:
    """The page of a message: a scheduled one stays with its list, also when it was sent."""
    return _SCHEDULED if mailing.send_at else _of_kind(mailing.kind)


def own_url(mailing: Mailing) -> str:
    """The address of the page of a message."""
    return url_for(own(mailing).watch, event_id=mailing.event_id, mailing_id=mailing.id)


def draft_url(event_id: int, draft: drafts.Shown) -> str:
    """The address where a draft is written: with a time it stands among the scheduled messages."""
    page = _SCHEDULED if draft.plan else _of_kind(draft.kind)
    return url_for(page.watch, event_id=event_id, mailing_id=draft.id)


def _of_kind(kind: str) -> OwnPage:
    return _CALENDAR if kind == MailingKind.CALENDAR else _MESSAGE


def own_page(mailing: Mailing, **context: Any) -> Response:
    """The page of a message that was sent."""
    return page("messages/sent.html", mailing, **context)


def page(template: str, mailing: Mailing, **more: Any) -> Response:
    """A page with the tracker of `mailing`; htmx gets the tracker alone, JSON the mailing.

    After a poll that found a change, the table of recipients on the same page fetches itself.
    """
    shown = progress.progress(mailing, g.now)
    fingerprint = _fingerprint(shown)
    answer = respond(
        page=template,
        fragment="tracker/_tracker.html",
        json=lambda: query.told(mailing) | waits_out(shown),
        content=LocalProxy(cache(lambda: query.content(mailing))),  # the fragment does not need it
        **_context(shown, _polled(mailing), fingerprint),
        **more,
    )
    if request.args.get("seen", fingerprint) != fingerprint:
        answer.headers["HX-Trigger"] = "recipients-changed" if shown.poll_seconds else "recipients-settled"
    return answer


def beside(mailing: Mailing) -> dict[str, Any]:
    """The context of `tracker/_tracker.html` on a page that is about more than `mailing`."""
    shown = progress.progress(mailing, g.now)
    return _context(shown, own_url(mailing), _fingerprint(shown))


def _context(shown: progress.Progress, url: str, fingerprint: str) -> dict[str, Any]:
    mailing = shown.mailing
    return {
        "mailing": mailing,
        "planned": mailing.state in WITHOUT_A_RUN,
        "progress": shown,
        "counted": LocalProxy(cache(lambda: audit_log.counted_as_sent(mailing.event_id, mailing.id))),
        "poll_url": f"{url}?seen={fingerprint}",
        "own": own(mailing),
        "prefix": own(mailing).prefix,
        "worker_command": heartbeat.WORKER_COMMAND,
    }


def _polled(mailing: Mailing) -> str:
    """The address that a page polls: its own, unless it answers to a button that was refused."""
    return request.path if request.method == "GET" else own_url(mailing)


def waits_out(shown: progress.Progress) -> dict[str, Any]:
    """The part of a mailing's JSON that says what keeps it from leaving."""
    waits = shown.waits
    return {"waits_for": {"what": waits.words, "since": instant(waits.since)} if waits else None}


def _fingerprint(shown: progress.Progress) -> str:
    """A text that changes whenever the row of a recipient may have changed."""
    seen = {
        "state": shown.mailing.state,
        "counts": {str(state): number for state, number in shown.counts.items()},
        "error": shown.mailing.last_error,
        "run": shown.job.run if shown.job else 0,
        "next_try": instant(shown.next_try),
    }
    return records.body_hash(seen)[:16]
