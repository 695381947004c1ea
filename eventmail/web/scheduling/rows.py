"""The rows of the list, with what has changed since each was scheduled and what can be done with it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any

from flask import g
from markupsafe import Markup

from eventmail.content import not_sent
from eventmail.domain.mailings import changes_since, origin, scheduled_list, send_time, start
from eventmail.domain.mailings.changes_since import Changed
from eventmail.domain.mailings.origin import BasedOn
from eventmail.domain.mailings.scheduled_list import Group
from eventmail.domain.terms import SendingTerms
from eventmail.models import Event
from eventmail.states import BEGUN, PLANNED, AudienceMode, MailingState, NotSent
from eventmail.web.words import schedule as words
from eventmail.web.words import when

_AT_LEAST, _AT_MOST = timedelta(seconds=2), timedelta(minutes=1)


@dataclass(frozen=True)
class Row(scheduled_list.Row):
    """One scheduled message as a page shows it at `now`; `due` is when it leaves."""

    due: datetime
    now: datetime
    changes: Sequence[Changed]
    based: BasedOn | None  # the design of its text

    @property
    def is_open(self) -> bool:
        """Whether it can still be changed (H3)."""
        return self.group == Group.UPCOMING

    @property
    def is_over(self) -> bool:
        return self.group == Group.DONE

    @property
    def has_begun(self) -> bool:
        return self.mailing.state in BEGUN

    @property
    def is_missed(self) -> bool:
        return self.mailing.state == MailingState.MISSED

    @property
    def is_overdue(self) -> bool:
        return self.group == Group.LOCKED and self.due <= self.now

    @property
    def is_mine(self) -> bool:
        return self.held.scheduled_by == g.user.id

    @property
    def refresh_seconds(self) -> int | None:
        """After how many seconds it is worth another look; None once it does not wait any more."""
        if self.mailing.state != MailingState.SCHEDULED:
            return None
        return refresh_seconds(self.held.edit_cutoff_at if self.is_open else self.due, self.now)

    @property
    def count(self) -> int:
        """How many get it, or would get it now; without one of its segments, those of its scheduling."""
        return self.mailing.n_queued if self.people is None else self.people

    @property
    def is_counted_now(self) -> bool:
        """Whether the count may be another one when it is due."""
        at_due = self.held.audience_mode == AudienceMode.AT_DUE
        return at_due and self.mailing.state in PLANNED and self.people is not None

    @property
    def surprises(self) -> bool:
        """Whether so many more match by now that it would not leave by itself (H7)."""
        return self.mailing.state == MailingState.SCHEDULED and start.surprises(self.people or 0, self.held)

    @property
    def rule(self) -> str:
        """The relative time in words, "" for a fixed one."""
        return when.relative(send_time.relative(self.held.relative)) if self.held.relative else ""

    @property
    def why(self) -> str:
        """Why it did not leave when it was due."""
        return not_sent.WHY[NotSent(self.held.not_sent)] if self.held.not_sent and not self.is_over else ""

    @property
    def since(self) -> Iterator[Markup]:
        """What has changed since it was scheduled, line by line."""
        if self.mailing.state in PLANNED and self.count != self.held.scheduled_count:
            yield words.other_people(self.count, self.held.scheduled_count)
        yield from map(words.changed, self.changes)

    @property
    def cancelling(self) -> str:
        """What a press on Cancel does."""
        return words.cancelling(self.mailing.n_queued)


def of(found: Sequence[Any], event: Event, terms: SendingTerms) -> list[Row]:
    """A row for each of `scheduled_list.listed`."""
    values = cache(lambda author_id: changes_since.values_now(event, author_id, terms))
    shown = list(scheduled_list.shown(found, event, outside=terms.outside))
    based = origin.of_each([row.mailing for row in shown])
    return [
        Row(**vars(row), due=due, now=g.now, changes=_changes(row, values), based=based.get(row.mailing.id))
        for row in shown
        if (due := row.mailing.send_at)  # every scheduled message has one
    ]


def by_group(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """The words for each group, and its rows."""
    for group, some in groupby(rows, key=lambda row: row.group):
        yield words.GROUPS[group], list(some)


def refresh_seconds(change: datetime | None, now: datetime) -> int | None:
    """After how many seconds a list or a message is worth another look, given its next `change`; None without one."""
    if change is None:
        return None
    soon = min(change - now + timedelta(seconds=1), _AT_MOST)
    return round(max(soon, _AT_LEAST).total_seconds())


def _changes(row: scheduled_list.Row, values: Callable[[int | None], Mapping[str, Any]]) -> Sequence[Changed]:
    if row.mailing.state not in PLANNED:
        return ()
    return changes_since.changes(row.mailing, row.held, values(row.mailing.created_by))
