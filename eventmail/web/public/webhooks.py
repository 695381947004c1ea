"""Reports of mail services by HTTP. Each counts once, and nothing that a report says is an error (F1)."""

from flask import Blueprint, Response, g, request

from eventmail.errors import NotFound
from eventmail.providers import webhook
from eventmail.sending import feedback
from eventmail.web.core import bodies
from eventmail.web.core.access import csrf, open_to_everyone
from eventmail.web.core.context import settings
from eventmail.web.core.respond import as_json

bp = Blueprint("webhooks", __name__)


@bp.post("/webhooks/generic")
@open_to_everyone
@bodies.takes(1024 * 1024)
@csrf.exempt
def generic() -> Response:
    """200 with the number of new reports, also when all are known already or about mails that are not ours.

    403 for a bad signature, 404 while no secret is set: then nobody may report anything.
    """
    secret = settings().webhook_secret_generic.get_secret_value()
    if not secret:
        raise NotFound("No webhook is set up here. Set EVENTMAIL_WEBHOOK_SECRET_GENERIC.")
    body = request.get_data(cache=False)
    delivery_id = webhook.verify(secret, {name.lower(): value for name, value in request.headers.items()}, body, g.now)
    reports = webhook.parse(delivery_id, body, sender=settings().from_)
    return as_json({"received": len(reports), "new": feedback.take("generic", reports, g.now)})
