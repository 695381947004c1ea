"""The quota: refused before anything is queued, and free again when a place is."""

from dataclasses import replace
from typing import Any

import pytest

from eventmail.domain.mailings import control
from eventmail.domain.terms import SendingTerms
from eventmail.errors import QuotaExceeded
from eventmail.models import Mailing, Recipient, Reservation
from eventmail.records import Acting, Limits
from tests.support.time import FrozenClock

A, B, C = (f"{name}@guests.example.net" for name in "abc")


def test_S9_over_quota_is_refused_before_anything_is_queued(
    send: Any, terms: SendingTerms, count: Any, event_id: int
) -> None:
    with pytest.raises(QuotaExceeded) as refused:
        send(A, B, C, terms=replace(terms, limits=Limits(per_day=2)))

    assert refused.value.detail == "This needs 3 sends; 2 of 2 are left for this day. Nothing was queued."
    assert (count(Mailing), count(Recipient), count(Reservation)) == (0, 0, 0)


def test_S9_refunded_places_are_free_again_and_old_ones_leave_the_window(
    event_id: int, send: Any, terms: SendingTerms, by: Acting, clock: FrozenClock
) -> None:
    by = replace(by, now=clock.now())
    limited = replace(terms, limits=Limits(per_day=2))
    control.cancel(event_id, send(A, B, terms=limited, by=by), by)

    send(terms=limited, by=by, key="second")
    with pytest.raises(QuotaExceeded):
        send(terms=limited, by=by, key="third")
    later = replace(by, now=clock.advance(hours=24, seconds=1))
    send(terms=limited, by=later, key="fourth")
