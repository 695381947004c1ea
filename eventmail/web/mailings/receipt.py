"""The receipt of a mailing: one page that needs no other file, to be printed or kept."""

from flask import Blueprint, Response, g, request, stream_template

from eventmail.domain.outcomes import receipt as outcome_receipt
from eventmail.web.composer import fragments
from eventmail.web.core.context import instant
from eventmail.web.core.respond import as_json, wants_json
from eventmail.web.mailings.schemas import ReceiptOut
from eventmail.web.words import designs

bp = Blueprint("receipts", __name__, url_prefix="/admin/events/<id:event_id>/mailings/<id:mailing_id>/receipt")

# It fetches nothing and runs nothing, so that a saved receipt reads the same in ten years.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


@bp.get("")
def receipt(event_id: int, mailing_id: int) -> Response:
    """The receipt as a page, as JSON, or with `download=1` as a file."""
    found = outcome_receipt.receipt(event_id, mailing_id)
    if wants_json():
        return as_json(_as_json(found))
    page = stream_template(
        "mailings/receipt.html",
        event=g.event,
        receipt=found,
        lines=outcome_receipt.lines(mailing_id),
        left_out=outcome_receipt.left_out(mailing_id),
        reasons=fragments.REASONS,
        made_at=g.now,
    )
    answer = Response(page, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = POLICY
    if request.args.get("download"):
        answer.headers["Content-Disposition"] = f'attachment; filename="receipt-{mailing_id}.html"'
    return answer


def _as_json(found: outcome_receipt.Receipt) -> ReceiptOut:
    mailing, content = found.mailing, found.content
    return {
        "mailing": str(mailing.id),
        "kind": mailing.kind,
        "state": mailing.state,
        "created_at": instant(mailing.created_at),
        "content": {"subject": content.subject, "preheader": content.preheader, "body": content.body,
                    "hash": content.hash, "design": str(mailing.design_id) if mailing.design_id else None,
                    "revision": mailing.design_number,
                    "based_on": designs.based_on(found.based) if found.based else None},
        "audience": mailing.audience,
        "counts": {str(state): number for state, number in mailing.counts.items()},
        "recipients": [
            {"email": line.email, "state": line.state, "provider": line.provider, "delivery": line.delivery,
             "attempts": line.attempts, "last_error": line.last_error, "request_ids": list(line.request_ids),
             "updated_at": instant(line.updated_at)}
            for line in outcome_receipt.lines(mailing.id)
        ],
        "excluded": [{"email": guest.email, "reason": guest.reason} for guest in outcome_receipt.left_out(mailing.id)],
        "log": [{"at": instant(entry.at), "actor": entry.actor, "action": entry.action,
                 "request_id": entry.request_id} for entry in found.log],
        "sha256": found.digest,
    }  # fmt: skip
