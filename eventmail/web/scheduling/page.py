"""The page “Scheduled messages”: its composer, and the list above it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import g, request, url_for
from markupsafe import Markup

from eventmail.db.paging import Page, paginate
from eventmail.domain.mailings import query, scheduled_list
from eventmail.domain.mailings.scheduled_list import Group
from eventmail.sending import heartbeat
from eventmail.wall_time import TIMEZONES
from eventmail.web import tracker
from eventmail.web.composer import fragments
from eventmail.web.composer.page import Composer, Prefix, Urls
from eventmail.web.core import intake
from eventmail.web.core.respond import wants_fragment
from eventmail.web.scheduling import rows
from eventmail.web.words.schedule import GROUPS

ROWS = 20  # of a page, since each is tall
_ZONES = Markup("").join(map(Markup('<option value="{}">').format, sorted(TIMEZONES)))


def listing() -> dict[str, Any]:
    """The list as the address asks for it, and the tracker of the message whose run is worth watching."""
    event, group = g.event, intake.chosen("group", Group)
    summary = scheduled_list.summary(event.id, g.now)
    total = summary.counts[group] if group else sum(summary.counts.values())
    found = paginate(scheduled_list.listed(event.id, group, g.now), **intake.paging(ROWS), total=total)
    listed = rows.of(found.items, event, fragments.terms())
    watched = scheduled_list.watched(event.id, g.now)
    return {
        "shown": Page(listed, found.number, found.size, found.total),
        "groups": rows.by_group(listed),
        "filters": _filters(summary.counts, group),
        "url_of": lambda number: _url(group, number),
        "refresh_url": _url(group, found.number),
        "refresh": rows.refresh_seconds(summary.next_change, g.now),
        "worker_alive": heartbeat.alive(g.now),
        "worker_command": heartbeat.WORKER_COMMAND,
        **({"watched": query.content(watched).subject, **tracker.beside(watched)} if watched else {}),
    }


def _around() -> dict[str, Any]:
    """What the page shows beside the composer; the page of one message has no list."""
    alone = request.endpoint in (COMPOSER.urls.watch, "scheduling.change")
    return {"alone": alone, "zones": _ZONES, **({} if alone or wants_fragment() else listing())}


def _filters(counts: Mapping[Group, int], chosen: Group | None) -> list[tuple[str, str, bool, int]]:
    every = ("All", _url(None), chosen is None, sum(counts.values()))
    return [every, *((GROUPS[group], _url(group), group == chosen, number) for group, number in counts.items())]


def _url(group: Group | None, number: int | None = None) -> str:
    page = number if number and number > 1 else None
    return url_for(COMPOSER.urls.compose, event_id=g.event.id, group=group, page=page)


COMPOSER = Composer(
    Prefix.SCHEDULED,
    replace(Urls.of("scheduling"), review="scheduling.schedule", send="scheduling.schedule"),  # one press, no review
    "scheduling/page.html",
    _around,
    timed=True,
    live={
        "recipient-count": "composer/_count.html",
        "when-card": "composer/_when_card.html",
        "based-on": "composer/_based_on.html",
        "checks": "composer/_checks.html",
        "save-cta": "scheduling/_save.html",
    },
)
