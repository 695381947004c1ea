"""Drafts saved by several people in turn: nobody's words are lost."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from eventmail.db import fresh, transaction
from eventmail.domain.events import lifecycle
from eventmail.domain.mailings import control, draft_copies, draft_rows, drafts, query
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.drafts import Saved, Written
from eventmail.domain.outcomes import overview
from eventmail.errors import (
    IdempotencyKeyReused,
    NotFound,
    NothingToDo,
    StaleRevision,
)
from eventmail.models import AuditEntry, Content, DraftText, IdempotencyRecord, Mailing
from eventmail.records import Acting
from eventmail.states import MailingKind
from tests.support import seeding
from tests.support.drafting import ODD, PAGE, held, save, send, written


def test_D5_a_draft_holds_anything_and_counts_its_saves(event_id: int, oscar: Acting) -> None:
    saved = save(event_id, DraftVersion(page=PAGE), ODD, oscar)
    assert saved == Saved(saved.mailing_id, 1, made=True)
    found = drafts.find(event_id, saved.mailing_id)
    assert found is not None
    assert (found.text, found.audience["segments"], found.author) == (ODD.text, ["999"], "Oscar Organizer")
    assert save(event_id, DraftVersion(saved.mailing_id, 1), written("More"), oscar).revision == 2
    assert save(event_id, DraftVersion(saved.mailing_id, 2), written("More"), oscar).revision == 2, "nothing new"


def test_D5_a_save_from_before_somebody_elses_is_refused_and_loses_nothing(
    event_id: int, begun: int, oscar: Acting, anna: Acting
) -> None:
    save(event_id, DraftVersion(begun, 1, "page-of-anna"), written("Anna's"), anna)
    with pytest.raises(StaleRevision, match=r"^Anna Other saved this draft at \d\d:\d\d, after you opened it\."):
        save(event_id, DraftVersion(begun, 1, PAGE), written("Oscar's"), oscar)
    assert held(begun) == (2, "Anna's")


def test_D5_the_same_words_twice_are_no_conflict(event_id: int, begun: int, oscar: Acting, anna: Acting) -> None:
    save(event_id, DraftVersion(begun, 1, "page-of-anna"), written("Same"), anna)
    assert save(event_id, DraftVersion(begun, 1, PAGE), written("Same"), oscar).revision == 2


def test_D5_a_page_that_never_heard_of_its_own_save_goes_on(event_id: int, begun: int, oscar: Acting) -> None:
    save(event_id, DraftVersion(begun, 1, PAGE), written("lost answer"), oscar)
    assert save(event_id, DraftVersion(begun, 1, PAGE), written("lost answer, more"), oscar).revision == 3
    with pytest.raises(StaleRevision, match=r"^You saved this draft from somewhere else"):
        save(event_id, DraftVersion(begun, 1, "another tab"), written("old"), oscar)
    with pytest.raises(StaleRevision):
        save(event_id, DraftVersion(begun, 1), written("a program"), oscar)


def test_D5_a_program_that_saved_without_a_page_is_nobodys_own(event_id: int, begun: int, oscar: Acting) -> None:
    save(event_id, DraftVersion(begun, 1), written("first program"), oscar)
    with pytest.raises(StaleRevision):
        save(event_id, DraftVersion(begun, 1), written("second program"), oscar)


def test_D5_two_first_saves_of_one_page_make_one_draft(event_id: int, oscar: Acting, count: Any) -> None:
    first = save(event_id, DraftVersion(page=PAGE), written("H"), oscar)
    second = save(event_id, DraftVersion(page=PAGE), written("Hi"), oscar)
    assert (second, held(first.mailing_id)) == (Saved(first.mailing_id, 2), (2, "Hi"))
    assert count(Mailing) == 1


def test_D5_a_page_does_not_write_over_a_colleague_with_its_second_first_save(
    event_id: int, begun: int, oscar: Acting, anna: Acting
) -> None:
    save(event_id, DraftVersion(begun, 1, "page-of-anna"), written("Anna's"), anna)
    with pytest.raises(StaleRevision):
        save(event_id, DraftVersion(page=PAGE), written("Oscar's"), oscar)
    assert held(begun) == (2, "Anna's")


def test_deleting_takes_what_was_looked_at_and_the_log_keeps_the_words(
    event_id: int, begun: int, oscar: Acting, anna: Acting, count: Any, rows: Any
) -> None:
    save(event_id, DraftVersion(begun, 1), written("Anna's"), anna)
    with pytest.raises(StaleRevision, match=r"Nothing was deleted."):
        drafts.delete(event_id, begun, 1, oscar)
    drafts.delete(event_id, begun, 2, oscar)
    assert (count(Mailing), count(DraftText), count(IdempotencyRecord)) == (0, 0, 0)
    entry = rows(AuditEntry, AuditEntry.action == "draft.deleted")[0]
    assert (entry.actor, entry.detail["before"]["body"]) == ("Oscar Organizer", "Anna's")
    with pytest.raises(NotFound):
        save(event_id, DraftVersion(begun, 2), written("late"), anna)


def test_the_log_names_everybody_who_wrote_once_each_turn(
    event_id: int, begun: int, oscar: Acting, anna: Acting, rows: Any
) -> None:
    for body in ("a", "ab", "abc"):
        save(event_id, DraftVersion(begun, held(begun)[0]), written(body), anna)
    save(event_id, DraftVersion(begun, 4), written("abcd"), oscar)
    told = [(entry.actor, entry.action) for entry in rows(AuditEntry, AuditEntry.subject == f"mailing:{begun}")]
    assert told == [
        ("Oscar Organizer", "draft.begun"), ("Anna Other", "draft.edited"), ("Oscar Organizer", "draft.edited"),
    ]  # fmt: skip
    entry = rows(AuditEntry, AuditEntry.action == "draft.edited")[-1]
    assert (entry.detail["before"], entry.detail["after"]) == ({"body": "abc"}, {"body": "abcd"})


def test_the_same_key_makes_one_draft_and_another_text_under_it_is_refused(
    event_id: int, oscar: Acting, count: Any
) -> None:
    first, second = (drafts.create(event_id, written(), key="k", by=oscar) for _ in range(2))
    assert (first.answer, first.mailing_id, count(Mailing)) == (second.answer, second.mailing_id, 1)
    assert (first.answer["state"], first.answer["revision"], first.answer["job"]) == ("draft", 1, None)
    with pytest.raises(IdempotencyKeyReused):
        drafts.create(event_id, written("other"), key="k", by=oscar)


def test_a_cancelled_message_becomes_a_new_draft_S7(event_id: int, oscar: Acting, add_guests: Any) -> None:
    add_guests(2)
    sent = send(event_id, None, oscar)
    control.cancel(event_id, sent.mailing_id, oscar)
    found = drafts.find(event_id, draft_copies.again(event_id, sent.mailing_id, oscar))
    assert found is not None
    assert (found.text.body, found.audience["statuses"]) == ("Hi {guest.firstName}", ["confirmed"])


def test_a_draft_is_no_message_yet(event_id: int, begun: int, oscar: Acting) -> None:
    with pytest.raises(NotFound):
        query.find(event_id, begun)
    with pytest.raises(NothingToDo, match=r"This is a draft"):
        control.cancel(event_id, begun, oscar)
    facts = overview.facts(event_id)
    assert (facts.last, facts.running) == (None, 0)
    assert fresh().execute(query.newest_first(event_id)).all() == []


def test_the_end_of_an_event_leaves_drafts_alone(event_id: int, begun: int, oscar: Acting, row: Any) -> None:
    assert lifecycle.waiting(event_id).messages == 0
    lifecycle.cancel(event_id, oscar)
    lifecycle.archive(event_id, oscar)
    assert (row(Mailing).state, held(begun)) == ("draft", (1, "Hi {guest.firstName}"))
    assert save(event_id, DraftVersion(begun, 1), written("still"), oscar).revision == 2


def test_a_draft_of_another_event_is_not_there(event_id: int, begun: int, oscar: Acting, add_event: Any) -> None:
    other = add_event()
    for command in (
        lambda: drafts.find(other, begun),
        lambda: save(other, DraftVersion(begun, 1), written("theirs"), oscar),
        lambda: drafts.delete(other, begun, 1, oscar),
        lambda: drafts.state(other, begun),
    ):
        with pytest.raises(NotFound):
            command()
    assert held(begun) == (1, "Hi {guest.firstName}")


def test_my_newest_draft_is_the_one_i_began_and_that_was_saved_last(
    event_id: int, begun: int, oscar: Acting, anna: Acting
) -> None:
    later = replace(oscar, now=oscar.now.replace(year=oscar.now.year + 1))
    other = save(event_id, DraftVersion(page="p2"), written(), later).mailing_id
    hers = save(event_id, DraftVersion(page="p3"), written(), replace(anna, now=later.now)).mailing_id
    calendar = save(event_id, DraftVersion(page="p4"), replace(written(), kind=MailingKind.CALENDAR), later).mailing_id
    newest = {kind: drafts.newest(event_id, oscar.user_id or 0, kind) for kind in MailingKind}
    assert {kind: found and found.id for kind, found in newest.items()} == {
        MailingKind.ONE_TIME: other, MailingKind.CALENDAR: calendar, MailingKind.TEST: None,
    }  # fmt: skip
    assert [drafts.shown(row).id for row in fresh().execute(drafts.newest_first(event_id))] == [
        calendar, hers, other, begun,
    ]  # fmt: skip


def test_S2_the_database_knows_what_a_draft_is(begun: int, event_id: int) -> None:
    for values in ({"recipient_count": 1, "n_queued": 1}, {"state": "finished"}):
        with pytest.raises(IntegrityError), transaction() as tx:
            tx.execute(update(Mailing).where(Mailing.id == begun).values(**values))
    saved = {"saved_at": seeding.acting().now, "saved_from": "", "revision": 1, "audience": {}}
    second = insert(DraftText).values(mailing_id=begun, subject="", preheader="", body="", **saved)
    with pytest.raises(IntegrityError), transaction() as tx:
        tx.execute(second)


def test_saving_keeps_no_content(event_id: int, begun: int, oscar: Acting, count: Any) -> None:
    for number in range(3):
        save(event_id, DraftVersion(begun, number + 1), written("x" * number), oscar)
    assert (count(Content), count(DraftText)) == (0, 1)
    assert draft_rows.find(fresh(), event_id, begun) is not None


def test_an_empty_page_begins_no_draft_but_may_empty_one(event_id: int, begun: int, oscar: Acting, count: Any) -> None:
    blank = Written(Text(" ", "", ""), {"statuses": []})
    assert drafts.save(event_id, DraftVersion(page="new"), blank, oscar) is None
    assert save(event_id, DraftVersion(page=PAGE), blank, oscar) == Saved(begun, 2)
    assert count(Mailing) == 1
