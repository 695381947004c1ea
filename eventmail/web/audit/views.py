"""The log: who did what, when, in which request; of one event, or of the whole installation for owners."""

from collections.abc import Iterable
from datetime import UTC, date, tzinfo
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, request

from eventmail.db import fresh
from eventmail.db.paging import paginate
from eventmail.domain import audit_log
from eventmail.domain.audit_log import Wanted
from eventmail.errors import InvalidInput
from eventmail.models import AuditEntry, Event
from eventmail.web.audit.schemas import EntryOut
from eventmail.web.core import access, intake
from eventmail.web.core.context import instant
from eventmail.web.core.csv_out import csv_answer
from eventmail.web.core.respond import as_json, page_out, respond, wants_json
from eventmail.web.words import log

_COLUMNS = AuditEntry.__table__.c  # a download reads plain rows, since a log may be long
bp = Blueprint("audit", __name__, url_prefix="/admin")


@bp.get("/events/<id:event_id>/audit")
def of_event(event_id: int) -> Response:
    return _answer(g.event)


@bp.get("/audit")
def of_everything() -> Response:
    """The log of the whole installation, with people and settings."""
    access.owner()
    return _answer(None)


def _answer(event: Event | None) -> Response:
    event_id, zone = (event.id, event.zone) if event else (None, UTC)
    wanted = _wanted(zone)
    found = audit_log.entries(event_id, wanted)
    if request.args.get("format") == "csv":
        return csv_answer(
            f"log-{event_id}.csv" if event else "log.csv",
            ["at", "who", "what", "subject", "before", "after", "further", "request_id"],
            _lines(fresh().execute(found.with_only_columns(*_COLUMNS).execution_options(yield_per=500))),
        )
    page = paginate(found, **intake.paging(), row=lambda row: row[0])
    if wants_json():
        return as_json(page_out(page, _entry_out))
    return respond(
        page="audit/list.html",
        entries=page,
        names=audit_log.names([*page.items]),
        wanted=wanted,
        actors=[(actor, actor) for actor in audit_log.actors(event_id)],
        actions=sorted(((action, log.sentence(action)) for action in audit_log.actions(event_id)), key=lambda a: a[1]),
        changes=log.changes,
        is_text=log.is_text,
        zone=zone,
        here=request.path,
        export_url=f"{request.path}?{urlencode({**request.args.to_dict(), 'format': 'csv'})}",
    )


def _entry_out(entry: Any) -> EntryOut:
    detail = dict(entry.detail)
    return {
        "id": str(entry.id),
        "at": instant(entry.at),
        "actor": entry.actor,
        "user": str(entry.user_id) if entry.user_id else None,
        "event": str(entry.event_id) if entry.event_id else None,
        "action": entry.action,
        "sentence": f"{entry.actor} {log.sentence(entry.action)}",
        "subject": entry.subject,
        "before": detail.pop("before", None),
        "after": detail.pop("after", None),
        "detail": detail,
        "request_id": entry.request_id,
    }


def _lines(found: Iterable[Any]) -> Iterable[list[str]]:
    for entry in found:
        row = _entry_out(entry)
        parts = (log.plain(part) for part in (row["before"], row["after"], row["detail"]))
        yield [row["at"], row["actor"], log.sentence(entry.action), row["subject"], *parts, row["request_id"]]


def _wanted(zone: tzinfo) -> Wanted:
    actor, action, q = (request.args.get(name, "") for name in ("who", "action", "q"))
    return Wanted(actor=actor, action=action, q=q.strip(), since=_day("from"), until=_day("to"), zone=zone)


def _day(name: str) -> date | None:
    written = request.args.get(name, "").strip()
    if not written:
        return None
    try:
        day = date.fromisoformat(written)
    except ValueError:
        day = None
    if day is None or not 1900 < day.year < 9000:  # midnight of its neighbour must exist, too
        raise InvalidInput.at(name, "INVALID_DATE", f"“{written[:40]}” is not a day; write it as 2027-05-01.")
    return day
