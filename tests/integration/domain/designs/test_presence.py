"""Who has a design open: colleagues hear of each other, and a closed page is forgotten (D5)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from eventmail.domain.designs import lifecycle, presence
from eventmail.errors import NotFound
from eventmail.models import DesignOpen
from eventmail.records import Acting
from tests.support.designing import HERS, MINE, design


def later(by: Acting, seconds: float) -> Acting:
    return replace(by, now=by.now + timedelta(seconds=seconds))


def test_D5_each_hears_of_the_others_and_never_of_themselves(
    event_id: int, begun: int, oscar: Acting, anna: Acting
) -> None:
    assert presence.others(event_id, begun, MINE, oscar) == []
    assert presence.others(event_id, begun, "another tab", oscar) == []
    assert presence.others(event_id, begun, HERS, anna) == ["Oscar Organizer"]
    assert presence.others(event_id, begun, MINE, oscar) == ["Anna Other"]


def test_D5_a_page_that_is_renewed_stays_and_a_closed_one_goes(
    event_id: int, begun: int, oscar: Acting, anna: Acting, rows: Any
) -> None:
    presence.others(event_id, begun, HERS, anna)
    for seconds in (15, 30, 45):
        assert presence.others(event_id, begun, MINE, later(oscar, seconds)) == ["Anna Other"]
    assert presence.others(event_id, begun, MINE, later(oscar, 46)) == []
    assert [(one.page, one.user_id) for one in rows(DesignOpen)] == [(MINE, oscar.user_id)]


def test_D5_another_design_is_another_page(event_id: int, begun: int, oscar: Acting, anna: Acting) -> None:
    presence.others(event_id, begun, HERS, anna)
    assert presence.others(event_id, design(event_id, oscar), MINE, oscar) == []


def test_D5_a_request_without_a_page_asks_and_is_not_noted(
    event_id: int, begun: int, oscar: Acting, anna: Acting, rows: Any
) -> None:
    presence.others(event_id, begun, HERS, anna)
    assert presence.others(event_id, begun, "", oscar) == ["Anna Other"]
    assert [one.page for one in rows(DesignOpen)] == [HERS]


def test_D5_presence_ends_with_the_design_and_does_not_reach_another_event(
    event_id: int, begun: int, oscar: Acting, add_event: Any, count: Any
) -> None:
    with pytest.raises(NotFound):
        presence.others(add_event(), begun, MINE, oscar)
    presence.others(event_id, begun, MINE, oscar)
    lifecycle.delete(event_id, begun, oscar)
    assert count(DesignOpen) == 0
