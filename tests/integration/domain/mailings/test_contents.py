"""Texts that were compiled: checked, previewed, kept once."""

from typing import Any

import pytest
from sqlalchemy import select

from eventmail.content.compiled import Compiled
from eventmail.db import fresh
from eventmail.domain.guests import edit
from eventmail.domain.mailings import contents
from eventmail.domain.mailings.contents import LONGEST, Text
from eventmail.domain.terms import SendingTerms
from eventmail.errors import InvalidInput, NotFound, UnresolvedToken
from eventmail.models import Content, Guest
from tests.support import seeding
from tests.support.seeding import Person, acting

PLACE = SendingTerms("https://mail.organizers.example", b"s" * 32, outside=False)


def rendered(event_id: int, organizer: Person, body: str, guest_id: int | None) -> Any:
    draft = contents.preview(event_id, Text("Hi {guest.firstName}", "", body), acting())
    guest = fresh().get(Guest, guest_id) if guest_id else None
    content = contents.find(event_id, draft.content_id or 0)
    return contents.rendered(content, seeding.event(event_id), guest, seeding.user(organizer), PLACE)


def test_an_unknown_token_is_named_with_its_place_and_the_nearest_real_one_c2(event_id: int) -> None:
    with pytest.raises(UnresolvedToken) as refused:
        contents.checked(event_id, Text("Hi {guest.fristName}", "", "One\n{guest.zzzzzzzz}"))
    assert [(error.field, error.code, error.message) for error in refused.value.fields] == [
        (
            "subject", "UNRESOLVED_TOKEN",
            '"{guest.fristName}" in the subject is not a field we know. Did you mean {guest.firstName}?',
        ),
        ("body", "UNRESOLVED_TOKEN", '"{guest.zzzzzzzz}" in the body, line 2, is not a field we know.'),
    ]  # fmt: skip
    assert (refused.value.status, refused.value.code) == (400, "UNRESOLVED_TOKEN")


def test_a_column_of_another_event_is_unknown_here_c1(event_id: int, add_event: Any) -> None:
    other = add_event()
    edit.add(other, {"first_name": "Ada", "attributes": {"Table": "1"}}, acting())
    contents.checked(other, Text("s", "", "{guest.Table}"))
    with pytest.raises(UnresolvedToken):
        contents.checked(event_id, Text("s", "", "{guest.Table}"))


def test_a_preview_marks_what_a_send_refuses_and_keeps_it_c2(event_id: int, row: Any) -> None:
    draft = contents.preview(event_id, Text("Hi", "", "{guest.nickname} and {guest.firstName}"), acting())
    assert [problem.message for problem in draft.problems] == [
        '"{guest.nickname}" in the body, line 1, is not a field we know. Did you mean {guest.firstName}?'
    ]
    assert (row(Content).id, row(Content).body) == (draft.content_id, "{guest.nickname} and {guest.firstName}")


def test_a_text_that_becomes_sendable_is_not_the_one_that_was_marked(event_id: int) -> None:
    marked = contents.preview(event_id, Text("Hi", "", "{guest.Table}"), acting())
    edit.add(event_id, {"first_name": "Ada", "attributes": {"Table": "1"}}, acting())
    good = contents.preview(event_id, Text("Hi", "", "{guest.Table}"), acting())
    assert (marked.content_id == good.content_id, list(good.problems)) == (False, [])


def test_a_text_far_beyond_any_mail_is_refused_before_it_is_compiled_c6(event_id: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        contents.checked(event_id, Text("Hi", "", "*a " * 1_000_000))
    sentence = f"The text has 3000002 characters; at most {LONGEST} fit into a mail."
    assert [(error.field, error.message) for error in refused.value.fields] == [("body", sentence)]
    draft = contents.preview(event_id, Text("Hi", "", "word " * 100_000), acting())
    sentence = f"The text has 500002 characters; at most {LONGEST} fit into a mail."
    assert [problem.message for problem in draft.problems] == [sentence]


def test_a_mail_of_more_than_100_kb_is_refused_and_one_of_80_is_remarked_c6(event_id: int) -> None:
    with pytest.raises(InvalidInput, match="Mail services cut mails beyond 100 KB"):
        contents.checked(event_id, Text("Hi", "", "word " * 12_000))
    found = contents.preview(event_id, Text("Hi", "Come", "word " * 8_500), acting()).remarks
    assert [remark.message for remark in found] == ["The mail is 89 KB; mail services cut mails beyond 100 KB."]
    too_large = contents.preview(event_id, Text("Hi", "Come", "word " * 12_000), acting())
    assert ([problem.code for problem in too_large.problems], list(too_large.remarks)) == (["TOO_LARGE"], [])


def test_the_same_text_is_kept_once_c5(event_id: int, count: Any) -> None:
    ids = {contents.preview(event_id, Text("Hi", "", "Same"), acting()).content_id for _ in range(3)}
    assert (len(ids), count(Content)) == (1, 1)
    contents.preview(event_id, Text("Hi", "", "Other"), acting())
    assert count(Content) == 2


def test_a_preview_is_the_kept_bytes_with_one_guests_values_c5(
    event_id: int, organizer: Person, add_guest: Any
) -> None:
    guest = add_guest(first_name="Zoë <b>", attributes={"Table": "7"})
    edit.edit(event_id, guest, {"attributes": {"Table": "7"}}, acting())
    shown = rendered(event_id, organizer, "Table {guest.Table}, {event.title}, {organizer.name}", guest)
    assert shown.subject == "Hi Zoë <b>"
    assert "Table 7, Fixture Gala, Gala Team" in shown.html
    assert "Table 7, Fixture Gala, Gala Team" in shown.text


def test_without_a_guest_every_field_reads_its_fallback_c3(event_id: int, organizer: Person) -> None:
    shown = rendered(event_id, organizer, "Dear {guest.firstName|friend} {guest.lastName}", None)
    assert (shown.subject, "Dear friend guest" in shown.text) == ("Hi there", True)


def test_the_way_off_the_list_is_inert_in_a_preview_e2(event_id: int, organizer: Person, add_guest: Any) -> None:
    shown = rendered(event_id, organizer, "[Leave]({unsubscribe.url})", add_guest())
    assert "https://mail.organizers.example/unsubscribe/preview" in shown.html
    assert "https://mail.organizers.example/unsubscribe/preview" in shown.text


def test_a_text_of_another_event_is_not_found(event_id: int, add_event: Any) -> None:
    draft = contents.preview(event_id, Text("Hi", "", "Text"), acting())
    assert contents.find(event_id, draft.content_id or 0).subject == "Hi"
    for event, content in ((add_event(), draft.content_id or 0), (event_id, 999)):
        with pytest.raises(NotFound):
            contents.find(event, content)


def test_what_is_stored_reads_back_as_what_was_compiled_c5(event_id: int) -> None:
    draft = contents.preview(
        event_id, Text("Hi {guest.firstName|you}", "Pre", "# Title\n\n[x](https://a.org)"), acting()
    )
    stored = fresh().scalars(select(Content)).one()
    assert Compiled.load(stored.compiled) == draft.compiled
    assert (stored.hash, stored.size) == (draft.compiled.hash, draft.compiled.size)


def test_a_text_is_kept_without_what_no_mail_holds() -> None:
    assert Text("A\x00\u202eB", "p\x00", "x\r\n\ty\x00") == Text("AB", "p", "x\r\n\ty")
