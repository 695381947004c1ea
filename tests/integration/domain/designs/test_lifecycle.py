"""Designs come and go, and no message loses its text by that (D3)."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from eventmail.db import fresh, transaction
from eventmail.domain.designs import edit, lifecycle, revisions
from eventmail.domain.mailings import control, draft_copies, drafts, query, test_sends
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.drafts import Written
from eventmail.domain.mailings.origin import based_on, of
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.test_sends import Wanted
from eventmail.errors import DesignArchived, DesignInUse, InvalidInput, NotFound
from eventmail.models import AuditEntry, Design, DesignRevision, DraftText, Job, Mailing, Recipient
from eventmail.records import Acting
from eventmail.states import RecipientState
from tests.support.designing import WRITTEN, design, held, kept, save
from tests.support.meanwhile import at_first_write
from tests.support.written import PLACE

V1 = WRITTEN["body"]


@pytest.fixture
def published(event_id: int, begun: int, oscar: Acting) -> int:
    revisions.publish(event_id, begun, oscar)
    return begun


def taken(event_id: int, design_id: int) -> Message:
    text, origin = revisions.snapshot(edit.find(event_id, design_id), "published")
    return Message(text, {"statuses": ["confirmed"]}, origin=origin)


def draft_of(event_id: int, design_id: int, by: Acting, key: str = "d") -> int:
    message = taken(event_id, design_id)
    return drafts.create(event_id, Written(message.text, message.audience, origin=message.origin), key=key,
                         by=by).mailing_id  # fmt: skip


def test_D3_archiving_is_taken_back_and_repeating_either_changes_nothing(
    event_id: int, begun: int, oscar: Acting, rows: Any
) -> None:
    for _ in range(2):
        lifecycle.archive(event_id, begun, oscar)
    assert edit.find(event_id, begun).archived_at == oscar.now
    for _ in range(2):
        lifecycle.bring_back(event_id, begun, oscar)
    assert (edit.find(event_id, begun).archived_at, held(event_id, begun)) == (None, (1, V1))
    told = [one.action for one in rows(AuditEntry, AuditEntry.subject == f"design:{begun}")]
    assert told == ["design.created", "design.archived", "design.brought_back"]


def test_D3_a_message_keeps_its_text_number_and_digest_whatever_becomes_of_the_design(
    event_id: int, published: int, oscar: Acting, add_guests: Any, row: Any
) -> None:
    add_guests(2)
    sent = mailing_send.send(event_id, taken(event_id, published), key="k", terms=PLACE, by=oscar)
    before = row(Mailing)
    stored = (before.content_id, before.design_id, before.design_number, before.design_digest)
    save(event_id, published, oscar, "Second")
    revisions.publish(event_id, published, oscar)
    revisions.restore(event_id, published, 1, oscar)
    lifecycle.archive(event_id, published, oscar)
    with pytest.raises(DesignInUse):
        lifecycle.delete(event_id, published, oscar)
    after = row(Mailing)
    assert (after.content_id, after.design_id, after.design_number, after.design_digest) == stored
    assert (after.design_number, query.content(query.find(event_id, sent.mailing_id)).body) == (1, V1)


def test_D3_a_design_that_a_message_or_its_draft_names_is_not_deleted(
    event_id: int, published: int, oscar: Acting, add_guests: Any, count: Any
) -> None:
    draft_id = draft_of(event_id, published, oscar)
    with pytest.raises(DesignInUse, match=r"^1 message names this design, so it was not deleted\. Archive it"):
        lifecycle.delete(event_id, published, oscar)
    add_guests(1)
    mailing_send.send(event_id, taken(event_id, published), key="k", terms=PLACE, by=oscar)
    with pytest.raises(DesignInUse, match=r"^2 messages name this design"):
        lifecycle.delete(event_id, published, oscar)
    assert (count(Design), count(DesignRevision), count(Mailing), held(event_id, published)) == (1, 1, 2, (1, V1))
    shown = drafts.find(event_id, draft_id)
    assert shown is not None
    assert shown.origin == taken(event_id, published).origin


def test_D3_a_deleted_design_takes_its_revisions_along_and_the_log_keeps_its_words(
    event_id: int, published: int, oscar: Acting, rows: Any, count: Any
) -> None:
    lifecycle.delete(event_id, published, oscar)
    assert (count(Design), count(DesignRevision)) == (0, 0)
    with pytest.raises(NotFound):
        lifecycle.delete(event_id, published, oscar)
    [entry] = rows(AuditEntry, AuditEntry.action == "design.deleted")
    assert entry.detail == {
        "before": {"name": WRITTEN["name"], "subject": WRITTEN["subject"], "preheader": "Soon", "body": V1}
    }


def test_E1_the_tests_of_a_deleted_design_stay_and_those_of_one_in_use_still_name_it(
    event_id: int, published: int, oscar: Acting, rows: Any
) -> None:
    message = taken(event_id, published)
    test_sends.send(event_id, Wanted(message.text, origin=message.origin), key="t", terms=PLACE, by=oscar)
    draft_id = draft_of(event_id, published, oscar)
    with pytest.raises(DesignInUse):
        lifecycle.delete(event_id, published, oscar)
    assert [one.design_id for one in rows(Mailing, Mailing.is_test)] == [published]
    drafts.delete(event_id, draft_id, 1, oscar)
    lifecycle.delete(event_id, published, oscar)
    [test] = rows(Mailing)
    assert (test.kind, test.design_id, test.design_number, test.design_digest) == ("test", None, None, None)
    assert [(one.email, one.state) for one in rows(Recipient)] == [("oscar@organizers.example", RecipientState.QUEUED)]


def test_D3_a_message_names_no_design_that_is_not_there(event_id: int, published: int, oscar: Acting) -> None:
    draft_of(event_id, published, oscar)
    with pytest.raises(IntegrityError), transaction() as tx:
        tx.connection().exec_driver_sql("DELETE FROM design")
    row = {
        "event_id": event_id, "kind": "one_time", "state": "draft", "key": "k2", "audience": {}, "excluded": {},
        "constants": {}, "reply_to": "", "recipient_count": 0, "created_at": oscar.now,
    }  # fmt: skip
    for half in ({"design_id": published}, {"design_digest": "d"}, {"design_number": 1}):
        with pytest.raises(IntegrityError), transaction() as tx:
            tx.execute(insert(Mailing).values(**row, **half))


@pytest.mark.parametrize(
    ("meanwhile", "error", "said"),
    [
        ("delete", InvalidInput, "This design was deleted a moment ago. Nothing was sent."),
        ("archive", DesignArchived, "This design is in the archive."),
    ],
)
@pytest.mark.parametrize("use", ["send", "test", "draft", "change a draft"])
def test_D3_a_design_that_goes_between_reading_and_writing_is_not_used(
    app: Flask, event_id: int, published: int, oscar: Acting, anna: Acting, add_guests: Any, count: Any,
    meanwhile: str, error: type[Exception], said: str, use: str,
) -> None:  # fmt: skip
    add_guests(1)
    message = taken(event_id, published)
    written = Written(message.text, message.audience, origin=message.origin)
    own = drafts.create(event_id, Written(message.text, {}), key="own", by=oscar).mailing_id
    before = (count(Mailing), count(Job), count(Recipient))
    commands = {
        "send": lambda: mailing_send.send(event_id, message, key="k", terms=PLACE, by=oscar),
        "test": lambda: test_sends.send(
            event_id, Wanted(message.text, origin=message.origin), key="t", terms=PLACE, by=oscar
        ),
        "draft": lambda: drafts.create(event_id, written, key="d", by=oscar),
        "change a draft": lambda: drafts.save(event_id, drafts.draft_rows.DraftVersion(own, 1), written, oscar),
    }
    gone = {"delete": lifecycle.delete, "archive": lifecycle.archive}[meanwhile]
    with at_first_write(app, lambda: gone(event_id, published, anna)), pytest.raises(error) as refused:
        commands[use]()
    assert str(refused.value).startswith(said)
    assert (count(Mailing), count(Job), count(Recipient)) == before


def test_D3_a_draft_whose_design_is_in_the_archive_is_saved_sent_and_written_anew(
    event_id: int, published: int, oscar: Acting, add_guests: Any, row: Any
) -> None:
    add_guests(1)
    draft_id = draft_of(event_id, published, oscar)
    lifecycle.archive(event_id, published, oscar)
    shown = drafts.find(event_id, draft_id)
    assert shown is not None
    edited = Written(drafts.contents.Text("Hi", "", "Edited"), shown.audience)
    saved = drafts.save(event_id, drafts.draft_rows.DraftVersion(draft_id, 1), edited, oscar)
    assert saved is not None
    message = Message(edited.text, shown.audience)
    seen = drafts.draft_rows.DraftVersion(draft_id, saved.revision)
    mailing_send.send(event_id, message, key="k", terms=PLACE, by=oscar, draft=seen)
    told = based_on(of(row(Mailing)), edited.text)
    assert told is not None
    assert (told.name, told.number, told.edited) == ("Save the date", 1, True)
    control.cancel(event_id, draft_id, oscar)
    anew = drafts.find(event_id, draft_copies.again(event_id, draft_id, oscar))
    assert anew is not None
    assert (anew.text.body, anew.origin) == ("Edited", of(row(Mailing, Mailing.id == draft_id)))


def test_D3_a_new_message_of_a_design_touches_no_other_draft(
    event_id: int, published: int, oscar: Acting, rows: Any
) -> None:
    text = drafts.contents.Text("Mine", "", "Not finished")
    drafts.create(event_id, Written(text, {}), key="mine", by=oscar)
    draft_of(event_id, published, oscar)
    draft_of(event_id, published, oscar, key="d2")
    assert [(one.body, one.revision) for one in rows(DraftText)] == [("Not finished", 1), (V1, 1), (V1, 1)]


def test_D1_a_copy_holds_every_part_of_the_draft_and_nothing_published(
    event_id: int, published: int, oscar: Acting, anna: Acting, add_event: Any
) -> None:
    save(event_id, published, oscar, "The <b>draft</b>\n\nשלום")
    other = add_event()
    original = edit.find(event_id, published)
    for to, name in ((event_id, "Copy of Save the date"), (other, "Save the date")):
        copy = edit.find(to, lifecycle.copy(event_id, published, to, anna)[0])
        assert (copy.name, copy.message_type, copy.text, copy.digest, copy.dialect) == (
            name, original.message_type, original.text, original.digest, original.dialect,
        )  # fmt: skip
        assert (copy.revision, copy.published, copy.saver, copy.archived_at) == (1, None, "Anna Other", None)
    assert edit.find(event_id, published) == original


def test_D1_a_copy_of_a_long_name_and_of_an_archived_design_is_a_design(
    event_id: int, oscar: Acting, rows: Any
) -> None:
    design_id = design(event_id, oscar, name="n" * 100)
    lifecycle.archive(event_id, design_id, oscar)
    copy = edit.find(event_id, lifecycle.copy(event_id, design_id, event_id, oscar)[0])
    assert (copy.name, copy.archived_at) == (f"Copy of {'n' * 92}", None)
    assert kept(rows, copy.id) == []


def test_D3_a_text_of_no_draft_and_no_design_is_based_on_nothing(event_id: int, published: int, oscar: Acting) -> None:
    message = taken(event_id, published)
    assert based_on(None, message.text) is None
    told = based_on(message.origin, message.text)
    assert told is not None
    assert (told.name, told.number, told.edited) == ("Save the date", 1, False)
    edit.save(event_id, published, edit.DesignVersion(1), {"name": "Renamed"}, oscar)
    fresh().rollback()
    told = based_on(message.origin, drafts.contents.Text("Hi", "", "Other"))
    assert told is not None
    assert (told.name, told.number, told.edited) == ("Renamed", 1, True)
