"""The one tracker: the same fragment on the page of a message, on its details, and as the answer to its poll."""

from functools import cache
from typing import Any

from flask import Response, g, request, url_for
from werkzeug.local import LocalProxy

from eventmail import records
from eventmail.domain import audit_log
from eventmail.domain.mailings import query
from eventmail.models import Mailing
from eventmail.sending import heartbeat, progress
from eventmail.web.composer.page import Prefix
from eventmail.web.core.context import instant
from eventmail.web.core.respond import respond


def page(template: str, mailing: Mailing, **context: Any) -> Response:
    """A page with the tracker of `mailing`; htmx gets the tracker alone, JSON the mailing.

    After a poll that found a change, the table of recipients on the same page fetches itself.
    """
    shown = progress.progress(mailing, g.now)
    fingerprint = _fingerprint(shown)
    answer = respond(
        page=template,
        fragment="tracker/_tracker.html",
        json=lambda: query.told(mailing) | waits_out(shown),
        mailing=mailing,
        content=LocalProxy(cache(lambda: query.content(mailing))),  # the fragment does not need it
        progress=shown,
        counted=LocalProxy(cache(lambda: audit_log.counted_as_sent(mailing.event_id, mailing.id))),
        poll_url=f"{_own_path(mailing)}?seen={fingerprint}",
        prefix=Prefix.MESSAGE,
        worker_command=heartbeat.WORKER_COMMAND,
        **context,
    )
    if request.args.get("seen", fingerprint) != fingerprint:
        answer.headers["HX-Trigger"] = "recipients-changed" if shown.poll_seconds else "recipients-settled"
    return answer


def waits_out(shown: progress.Progress) -> dict[str, Any]:
    """The part of a mailing's JSON that says what keeps it from leaving."""
    waits = shown.waits
    return {"waits_for": {"what": waits.words, "since": instant(waits.since)} if waits else None}


def _own_path(mailing: Mailing) -> str:
    """The address that the page polls: its own, unless the page answers to a button that was refused."""
    if request.method == "GET":
        return request.path
    return url_for("messaging.watch", event_id=mailing.event_id, mailing_id=mailing.id)


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
