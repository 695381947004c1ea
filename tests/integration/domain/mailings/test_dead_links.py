"""Who gets no link is counted over the values that recipients have (C8)."""

import pytest

from eventmail import link_targets
from eventmail.db import fresh, transaction
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.mailings import contents, dead_links, merge_values
from eventmail.domain.mailings.contents import Text
from eventmail.models import GuestField

pytestmark = pytest.mark.usefixtures("in_app")
VALUES = ["https://a.org/1", "", "at the door", "javascript:alert(1)", "http://localhost/x", "HTTPS://b.org"]


@pytest.fixture
def found(event_id, add_guests):
    """found(body): the faults of its links for guests who have VALUES in the column “Ticket link”."""
    with transaction() as tx:
        tx.add(GuestField(event_id=event_id, name="Ticket link"))
    add_guests([{"email": f"{n}@guests.org", "attributes": {"Ticket link": value}} for n, value in enumerate(VALUES)])

    def find(body, constants=None):
        audience = audiences.checked(event_id, {"statuses": ["confirmed"]}, outside=False)
        compiled = contents.look(event_id, Text("S", "", body)).compiled
        fields = merge_values.fields(event_id)
        listed = dead_links.find(compiled, fields, constants or {}, audience, len(VALUES))
        for dead in listed:
            rows = dead_links.with_fault(audience, compiled, fields, dead.name, dead.fault)
            assert rows is None or len(fresh().scalars(rows).all()) == dead.count
        return {(dead.name, dead.fault): (dead.count, len(dead.guests)) for dead in listed}

    return find


def test_C8_who_has_no_address_in_a_link_is_counted(found):
    assert found("[Ticket]({guest.Ticket link})") == {
        ("guest.Ticket link", link_targets.NONE): (3, 3),
        ("guest.Ticket link", "leads to a computer that guests cannot reach"): (1, 1),
    }


def test_C8_a_fallback_that_leads_somewhere_makes_up_for_a_missing_value_alone(found):
    faults = found("::: button {guest.ticket link|https://c.org}\nGo\n:::")
    assert faults["guest.Ticket link", link_targets.NONE] == (2, 2)


def test_C8_a_value_inside_an_address_or_in_the_text_decides_nothing(found):
    assert found("https://a.org/?t={guest.Ticket link} {guest.Ticket link}") == {}


def test_C8_what_is_no_address_of_the_event_is_no_link_for_everybody(found):
    body = "[Page]({event.url})"
    assert found(body, {"event.url": "soon"}) == {("event.url", link_targets.NONE): (len(VALUES), 0)}
    assert found(body, {"event.url": ""}) == {}  # everybody reads the fallback, which is told as that
    assert found(body, {"event.url": "https://a.org"}) == {}


def test_C8_the_list_asks_one_query_for_each_link_and_one_for_each_fault(found, count_queries):
    found("[a]({guest.Ticket link})")  # from now on the event's fields are remembered
    with count_queries() as queries:
        found("[a]({guest.Ticket link})")
    one = len(queries)
    with count_queries() as queries:
        found("[a]({guest.Ticket link}) [b]({guest.Ticket link}?x=1)")
    assert len(queries) == one
