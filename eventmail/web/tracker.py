"""The one tracker: the same fragment on the page of a message, on its details, and as the answer to its own poll."""

from typing import Any

from flask import Response, g

from eventmail.domain import mailings
from eventmail.models import Mailing
from eventmail.sending import progress
from eventmail.web.compose import Prefix
from eventmail.web.respond import respond

WORKER_COMMAND = ".venv/bin/eventmail worker"


def page(template: str, mailing: Mailing, **context: Any) -> Response:
    """A page that holds the tracker of `mailing`; htmx gets the tracker alone, JSON the mailing."""
    job = mailings.last_job(mailing.id)
    content = mailings.content(mailing)
    return respond(
        page=template,
        fragment="tracker/_tracker.html",
        json=lambda: mailings.described(mailing, content, job),
        mailing=mailing,
        content=content,
        progress=progress.progress(mailing, g.now),
        prefix=Prefix.MESSAGE,
        worker_command=WORKER_COMMAND,
        **context,
    )
