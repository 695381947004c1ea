"""The text of a mail about a change: what was told reads exactly as it was, what holds are merge fields (K3a)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.content import update_mail
from eventmail.content.compile import compile_content
from eventmail.content.personalise import render
from eventmail.content.tokens import known_fields
from tests.support.budgets import budget

BEFORE = {"when": "19 Jun 2027, 18:00–23:00, Europe/Berlin", "where": "Old Town Hall", "cancelled": ""}


def test_a_new_time_and_a_new_place_are_named_each_with_what_it_was_before() -> None:
    now = {**BEFORE, "when": "20 Jun 2027, 18:00–23:00, Europe/Berlin", "where": "New Hall"}
    subject, body = update_mail.written(BEFORE, now)
    assert subject == "New time and place: {event.title}"
    assert body.split("\n\n") == [
        "Hi {guest.firstName},",
        "**{event.title}** has a new time and place.",
        (
            "- **When:** 20 Jun 2027, 18:00–23:00, Europe/Berlin (before: 19 Jun 2027, 18:00–23:00, Europe/Berlin)"
            "\n- **Where:** New Hall (before: Old Town Hall)"
        ),
        "What is in your calendar does not change by itself: please delete the old entry and add the new one.",
        "{calendar.links}",
    ]
    subject, body = update_mail.written(BEFORE, {**BEFORE, "where": ""})
    assert (subject, "- **Where:** not decided yet (before: Old Town Hall)" in body) == (
        "New place: {event.title}",
        True,
    )
    later_end = {**BEFORE, "when": "19 Jun 2027, 18:00–23:55, Europe/Berlin"}
    assert "18:00–23:55" in update_mail.written(BEFORE, later_end)[1]


def test_a_cancellation_hands_out_no_links_and_an_event_that_takes_place_after_all_does() -> None:
    cancelled = {**BEFORE, "cancelled": "yes"}
    subject, body = update_mail.written(BEFORE, cancelled)
    assert (subject, "{calendar." in body) == ("Cancelled: {event.title}", False)
    subject, body = update_mail.written(cancelled, BEFORE)
    assert (subject, "{calendar.links}" in body) == ("{event.title} takes place after all", True)


@settings(max_examples=budget(60, soaked=2000))
@given(where=st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30))
def test_what_was_told_reads_as_it_was_whatever_it_is_made_of(where: str) -> None:
    fields = known_fields({})
    compiled = compile_content("s", "", f"- (before: {update_mail.escaped(where)})", fields=fields)
    assert f"(before: {where})" in render(compiled, {}, fields).text
