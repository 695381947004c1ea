"""What guests without a value in an imported column read, from the settings to the mail (C3)."""

from email import message_from_bytes, policy
from typing import Any

import pytest

from eventmail.db import fresh, transaction
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.guests import column_defaults, values
from eventmail.domain.mailings import contents, fallbacks, merge_values, send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.errors import InvalidInput
from eventmail.models import AuditEntry, Mailing
from eventmail.sending import drain
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import Person, acting

PLACE = SendingTerms("http://127.0.0.1:8000", b"0" * 32, outside=False)
TEXT = Text("At {guest.Table}", "", "Table: {guest.Table}. Menu: {guest.Menu|ask us}.")


@pytest.fixture
def ids(event_id: int) -> dict[str, int]:
    """The columns “Table” and “Menu” by name."""
    with transaction() as tx:
        values.record_columns(tx, event_id, ["Table", "Menu"])
    return {column.name: column.id for column in column_defaults.columns(event_id)}


def test_C3_a_column_reads_not_stated_until_somebody_says(event_id: int, ids: dict[str, int]) -> None:
    assert [(c.name, c.default_text, c.reads) for c in column_defaults.columns(event_id)] == [
        ("Menu", "", "not stated"), ("Table", "", "not stated"),
    ]  # fmt: skip
    assert merge_values.fields(event_id)["guest.Table"].default == "not stated"
    column_defaults.set_defaults(event_id, {ids["Table"]: "  any\n table "}, acting())
    assert [c.reads for c in column_defaults.columns(event_id)] == ["not stated", "any table"]
    assert merge_values.fields(event_id)["guest.Table"].default == "any table"
    column_defaults.set_defaults(event_id, {ids["Table"]: ""}, acting())
    assert merge_values.fields(event_id)["guest.Table"].default == "not stated"


def test_C3_C4_preview_and_mail_read_the_default_as_data(
    *, event_id: int, ids: dict[str, int], organizer: Person, add_guest: Any, settings: Settings
) -> None:
    add_guest("ana@guests.example.net", attributes={"Table": "7"})
    add_guest("ben@guests.example.net", first_name="", last_name="")
    column_defaults.set_defaults(event_id, {ids["Table"]: "<b>any</b> {guest.email}"}, acting(organizer))
    draft = contents.preview(event_id, TEXT, acting(organizer))
    assert draft.content_id
    shown = contents.rendered(
        contents.find(event_id, draft.content_id), seeding.event(event_id), None, seeding.user(organizer), PLACE
    )
    assert shown.subject == "At <b>any</b> {guest.email}"
    assert "Table: &lt;b&gt;any&lt;/b&gt; {guest.email}. Menu: ask us." in shown.html

    provider = Recording()
    sent = send.send(event_id, Message(TEXT, {"statuses": ["confirmed"]}), key="k", terms=PLACE, by=acting(organizer))
    drain.drain(sent.job_id or 0, provider, settings)
    mails = {mail.to: message_from_bytes(mail.data, policy=policy.default) for mail in provider.mails}
    assert mails["ana@guests.example.net"]["Subject"] == "At 7"
    unstated = mails["ben@guests.example.net"]
    assert unstated["Subject"] == "At <b>any</b> {guest.email}"
    plain = unstated.get_body(("plain",))
    assert plain is not None
    assert "Table: <b>any</b> {guest.email}. Menu: ask us." in plain.get_content()


def test_C3_a_default_is_frozen_when_a_message_is_sent_off(
    *, event_id: int, ids: dict[str, int], organizer: Person, add_guests: Any, settings: Settings, row: Any
) -> None:
    add_guests(1)
    column_defaults.set_defaults(event_id, {ids["Table"]: "any table"}, acting(organizer))
    sent = send.send(event_id, Message(TEXT, {"statuses": ["confirmed"]}), key="k", terms=PLACE, by=acting(organizer))
    column_defaults.set_defaults(event_id, {ids["Table"]: "changed since"}, acting(organizer))
    provider = Recording()
    drain.drain(sent.job_id or 0, provider, settings)
    assert b"Subject: At any table\r\n" in provider.mails[0].data
    assert row(Mailing).defaults == {"Table": "any table", "Menu": ""}


def test_C3_who_reads_the_default_is_named_with_it(
    *, event_id: int, ids: dict[str, int], organizer: Person, add_guest: Any
) -> None:
    add_guest("ana@guests.example.net", attributes={"Table": "7"})
    add_guest("ben@guests.example.net", first_name="Ben")
    column_defaults.set_defaults(event_id, {ids["Table"]: "any table"}, acting(organizer))
    picked = audiences.checked(event_id, {"statuses": ["confirmed"]}, outside=False)
    compiled = contents.checked(event_id, Text("At {guest.Table}", "", "Hi"))
    count = audiences.resolve(fresh(), picked).count
    found = fallbacks.gaps(compiled, merge_values.fields(event_id), {}, picked, count)
    assert [(gap.field.default, gap.count, [g.first_name for g in gap.guests]) for gap in found] == [
        ("any table", 1, ["Ben"])
    ]


def test_a_change_is_logged_with_before_and_after_and_no_change_is_none(
    event_id: int, ids: dict[str, int], organizer: Person, rows: Any, count: Any
) -> None:
    column_defaults.set_defaults(event_id, {ids["Table"]: "any", ids["Menu"]: ""}, acting(organizer))
    entry = rows(AuditEntry)[-1]
    assert (entry.action, entry.event_id, entry.detail) == (
        "columns.defaults_set", event_id, {"before": {"Table": ""}, "after": {"Table": "any"}},
    )  # fmt: skip
    logged = count(AuditEntry)
    column_defaults.set_defaults(event_id, {ids["Table"]: " any "}, acting(organizer))
    assert count(AuditEntry) == logged


def test_what_cannot_be_is_refused_and_nothing_changes(
    *, event_id: int, ids: dict[str, int], organizer: Person, add_event: Any, count: Any
) -> None:
    other = add_event()
    with transaction() as tx:
        values.record_columns(tx, other, ["Table"])
    foreign, logged = column_defaults.columns(other)[0].id, count(AuditEntry)
    for wrong, code in (({ids["Menu"]: "x" * 201}, "TOO_LONG"), ({foreign: "x"}, "UNKNOWN_COLUMN")):
        with pytest.raises(InvalidInput) as refused:
            column_defaults.set_defaults(event_id, {ids["Table"]: "any", **wrong}, acting(organizer))
        assert [(error.field, error.code) for error in refused.value.fields] == [(f"default:{next(iter(wrong))}", code)]
    assert [c.default_text for c in (*column_defaults.columns(event_id), *column_defaults.columns(other))] == [
        "",
        "",
        "",
    ]
    assert count(AuditEntry) == logged
