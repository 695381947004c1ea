"""Designs made and saved by several people in turn: nobody's words are lost (D1, D5)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from eventmail.db import transaction
from eventmail.domain.designs import edit, lifecycle, revisions
from eventmail.domain.designs.edit import DesignVersion
from eventmail.errors import (
    DesignArchived,
    IdempotencyKeyReused,
    InvalidInput,
    InvalidMessageType,
    NotFound,
    StaleRevision,
)
from eventmail.models import AuditEntry, Design, DesignRevision
from eventmail.records import Acting
from tests.support.designing import HERS, MINE, WRITTEN, design, held, save
from tests.support.meanwhile import at_first_write


def test_D1_a_new_design_has_a_draft_and_nothing_published(event_id: int, oscar: Acting, row: Any) -> None:
    design_id = design(event_id, oscar)
    shown = edit.find(event_id, design_id)
    assert (shown.name, shown.message_type, shown.revision, shown.published, shown.diverged) == (
        "Save the date", "invitation", 1, None, False,
    )  # fmt: skip
    assert (shown.text.subject, shown.text.preheader, shown.text.body) == (
        WRITTEN["subject"], WRITTEN["preheader"], WRITTEN["body"],
    )  # fmt: skip
    assert (shown.saver, shown.saved_at, row(Design).created_by) == ("Oscar Organizer", oscar.now, oscar.user_id)
    entry = row(AuditEntry, AuditEntry.action == "design.created")
    assert (entry.actor, entry.subject, entry.detail) == (
        "Oscar Organizer", f"design:{design_id}", {"name": "Save the date"},
    )  # fmt: skip


def test_D1_a_draft_may_hold_anything_and_is_kept_letter_by_letter(event_id: int, oscar: Acting) -> None:
    odd = {"subject": "", "preheader": "  ", "body": "\r\n{guest.nickname} <b>שלום\r\n\r\n    code  \n" + "Ab" * 150}
    shown = edit.find(event_id, design(event_id, oscar, **odd))
    assert (shown.text.subject, shown.text.preheader) == ("", "  ")
    assert shown.text.body == odd["body"].replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("values", "error", "field"),
    [
        ({"name": " \t "}, InvalidInput, "name"),
        ({"name": "x" * 101}, InvalidInput, "name"),
        ({"message_type": ""}, InvalidMessageType, "message_type"),
        ({"message_type": "spam"}, InvalidMessageType, "message_type"),
    ],
)
def test_D4_what_makes_no_design_is_named_and_nothing_is_stored(
    event_id: int, oscar: Acting, count: Any, values: dict[str, str], error: Any, field: str
) -> None:
    with pytest.raises(error) as refused:
        design(event_id, oscar, **values)
    assert [one.field for one in refused.value.fields] == [field]
    assert (count(Design), count(AuditEntry, AuditEntry.action == "design.created")) == (0, 0)


def test_S1_the_same_key_makes_one_design_and_another_text_under_it_is_refused(
    event_id: int, oscar: Acting, anna: Acting, count: Any
) -> None:
    first, again = (edit.create(event_id, WRITTEN, oscar, key="k") for _ in range(2))
    assert (first, again, count(Design)) == ((first[0], False), (first[0], True), 1)
    with pytest.raises(IdempotencyKeyReused):
        edit.create(event_id, {**WRITTEN, "body": "Other"}, oscar, key="k")
    assert edit.create(event_id, WRITTEN, anna, key="k")[0] != first[0]


def test_D5_a_save_from_before_somebody_elses_is_refused_and_loses_nothing(
    event_id: int, begun: int, oscar: Acting, anna: Acting
) -> None:
    save(event_id, begun, anna, "Anna's", revision=1, page=HERS)
    with pytest.raises(StaleRevision, match=r"^Anna Other saved this design at \d\d:\d\d, after you opened it\. What"):
        save(event_id, begun, oscar, "Oscar's", revision=1, page=MINE)
    assert held(event_id, begun) == (2, "Anna's")


def test_D5_the_refusal_of_a_program_names_the_revision_with_which_it_would_be_taken(
    event_id: int, begun: int, oscar: Acting, anna: Acting
) -> None:
    save(event_id, begun, anna, "Anna's")
    said = r"Anna Other saved this design at \d\d:\d\d: it is at revision 2 now, not at 1\. Nothing changed\."
    with pytest.raises(StaleRevision, match=said):
        save(event_id, begun, oscar, "Oscar's", revision=1)
    assert save(event_id, begun, oscar, "Oscar's", revision=2) == 3


def test_D5_a_page_that_never_heard_of_its_own_save_goes_on(event_id: int, begun: int, oscar: Acting) -> None:
    save(event_id, begun, oscar, "lost answer", revision=1, page=MINE)
    assert save(event_id, begun, oscar, "lost answer, more", revision=1, page=MINE) == 3
    with pytest.raises(StaleRevision, match=r"^You saved this design from somewhere else"):
        save(event_id, begun, oscar, "old", revision=1, page="another tab")
    with pytest.raises(StaleRevision):
        save(event_id, begun, oscar, "a program", revision=1)


@pytest.mark.parametrize("order", [("H", "Hi"), ("Hi", "H")])
def test_D5_two_saves_of_one_page_under_way_are_both_taken_and_a_strangers_is_not(
    event_id: int, begun: int, oscar: Acting, anna: Acting, order: tuple[str, str]
) -> None:
    for body in order:
        save(event_id, begun, oscar, body, revision=1, page=MINE)
    assert held(event_id, begun) == (3, order[-1])
    with pytest.raises(StaleRevision):
        save(event_id, begun, anna, "Anna's", revision=1, page=HERS)
    assert save(event_id, begun, oscar, "Hi there", revision=2, page=MINE) == 4


def test_D5_a_page_no_longer_knows_its_save_once_a_stranger_has_saved_on_it(
    event_id: int, begun: int, oscar: Acting, anna: Acting
) -> None:
    save(event_id, begun, oscar, "Oscar's", revision=1, page=MINE)
    save(event_id, begun, anna, "Anna's", revision=2, page=HERS)
    with pytest.raises(StaleRevision):
        save(event_id, begun, oscar, "Oscar's, more", revision=1, page=MINE)
    assert held(event_id, begun) == (3, "Anna's")


def test_D5_two_programs_without_a_page_are_nobodys_own(event_id: int, begun: int, oscar: Acting) -> None:
    save(event_id, begun, oscar, "first program", revision=1)
    with pytest.raises(StaleRevision):
        save(event_id, begun, oscar, "second program", revision=1)
    assert held(event_id, begun) == (2, "first program")


def test_D5_the_same_words_twice_are_no_conflict_and_no_new_revision(
    event_id: int, begun: int, oscar: Acting, anna: Acting
) -> None:
    save(event_id, begun, anna, "Same", revision=1, page=HERS)
    assert save(event_id, begun, oscar, "Same", revision=1, page=MINE) == 2
    with pytest.raises(StaleRevision, match=r"Nothing was changed\."):  # it would go on with what it has not read
        save(event_id, begun, oscar, "Same", revision=1)


def test_D5_a_save_of_one_part_leaves_the_others(event_id: int, begun: int, oscar: Acting) -> None:
    edit.save(event_id, begun, DesignVersion(1), {"preheader": "Sooner"}, oscar)
    shown = edit.find(event_id, begun)
    assert (shown.name, shown.message_type, shown.text.subject, shown.text.preheader, shown.text.body) == (
        "Save the date", "invitation", WRITTEN["subject"], "Sooner", WRITTEN["body"],
    )  # fmt: skip


def test_D3_another_name_or_type_is_a_save_but_no_divergence(event_id: int, begun: int, oscar: Acting) -> None:
    revisions.publish(event_id, begun, oscar)
    changes = {"name": "Please come", "message_type": "reminder"}
    assert edit.save(event_id, begun, DesignVersion(1), changes, oscar) == 2
    shown = edit.find(event_id, begun)
    assert (shown.name, shown.message_type, shown.diverged) == ("Please come", "reminder", False)
    made, new = revisions.publish(event_id, begun, oscar)
    assert (made.number, new) == (1, False)
    save(event_id, begun, oscar, "Other words")
    assert edit.find(event_id, begun).diverged is True


@pytest.mark.parametrize("changes", [{"name": ""}, {"message_type": "spam"}])
def test_D4_a_refused_name_or_type_saves_no_part_of_the_text(
    event_id: int, begun: int, oscar: Acting, changes: dict[str, str]
) -> None:
    with pytest.raises((InvalidInput, InvalidMessageType)):
        edit.save(event_id, begun, DesignVersion(1), {**changes, "body": "Other"}, oscar)
    assert held(event_id, begun) == (1, WRITTEN["body"])


def test_D5_a_save_that_a_colleague_overtakes_between_reading_and_writing_is_refused(
    app: Flask, event_id: int, begun: int, oscar: Acting, anna: Acting
) -> None:
    overtaken = at_first_write(app, lambda: save(event_id, begun, anna, "Anna's", revision=1))
    with overtaken, pytest.raises(StaleRevision):
        edit.save(event_id, begun, DesignVersion(1), {"subject": "Oscar's"}, oscar)
    shown = edit.find(event_id, begun)
    assert (shown.text.subject, shown.text.body) == (WRITTEN["subject"], "Anna's")


def test_the_log_names_everybody_who_wrote_once_each_turn_with_what_changed(
    event_id: int, begun: int, oscar: Acting, anna: Acting, rows: Any
) -> None:
    for body in ("a", "ab", "abc"):
        save(event_id, begun, anna, body)
    save(event_id, begun, oscar, "abcd")
    entries = rows(AuditEntry, AuditEntry.subject == f"design:{begun}")
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("Oscar Organizer", "design.created"), ("Anna Other", "design.edited"), ("Oscar Organizer", "design.edited"),
    ]  # fmt: skip
    assert entries[-1].detail == {"before": {"body": "abc"}, "after": {"body": "abcd"}}


def test_an_archived_design_is_not_saved(event_id: int, begun: int, oscar: Acting) -> None:
    lifecycle.archive(event_id, begun, oscar)
    with pytest.raises(DesignArchived):
        save(event_id, begun, oscar, "late")
    assert held(event_id, begun) == (1, WRITTEN["body"])


def test_a_design_of_another_event_is_not_there(event_id: int, begun: int, oscar: Acting, add_event: Any) -> None:
    other = add_event()
    for command in (
        lambda: edit.find(other, begun),
        lambda: edit.save(other, begun, DesignVersion(1), {"body": "theirs"}, oscar),
        lambda: revisions.publish(other, begun, oscar),
        lambda: revisions.keep(other, begun, "theirs", oscar),
        lambda: revisions.restore(other, begun, 1, oscar),
        lambda: lifecycle.archive(other, begun, oscar),
        lambda: lifecycle.bring_back(other, begun, oscar),
        lambda: lifecycle.copy(other, begun, other, oscar),
        lambda: lifecycle.delete(other, begun, oscar),
    ):
        with pytest.raises(NotFound):
            command()
    assert held(event_id, begun) == (1, WRITTEN["body"])


def test_D5_keeping_mine_apart_is_one_design_for_each_text(event_id: int, begun: int, oscar: Acting, rows: Any) -> None:
    mine = {**WRITTEN, "name": "Mine", "body": "Oscar's"}
    first, again = (edit.keep_apart(event_id, begun, MINE, mine, oscar) for _ in range(2))
    more = edit.keep_apart(event_id, begun, MINE, {**mine, "body": "Oscar's, more"}, oscar)
    assert (first == again, first == more) == (True, False)
    assert [one.body for one in rows(Design)] == [WRITTEN["body"], "Oscar's", "Oscar's, more"]


def test_D1_the_database_knows_what_a_design_is(begun: int, event_id: int, oscar: Acting) -> None:
    revisions.publish(event_id, begun, oscar)
    for values in ({"message_type": "spam"}, {"revision": 0}, {"name": ""}):
        with pytest.raises(IntegrityError), transaction() as tx:
            tx.execute(update(Design).where(Design.id == begun).values(**values))
    text = {"subject": "", "preheader": "", "body": "", "digest": "d", "made_at": oscar.now}
    for row in (
        {"number": 1, "name": "", "is_published": True},  # the number is taken
        {"number": 0, "name": "", "is_published": True},
        {"number": 2, "name": "", "is_published": False},  # neither published nor named
    ):
        with pytest.raises(IntegrityError), transaction() as tx:
            tx.execute(insert(DesignRevision).values(design_id=begun, **row, **text))


def test_D5_the_account_of_a_writer_goes_and_the_design_stays(
    event_id: int, begun: int, oscar: Acting, anna: Acting, rows: Any
) -> None:
    save(event_id, begun, replace(anna, now=anna.now + timedelta(hours=1)), "Anna's", page=HERS)
    with transaction() as tx:
        tx.connection().exec_driver_sql("DELETE FROM user WHERE id = ?", (anna.user_id,))
    assert (edit.find(event_id, begun).saver, held(event_id, begun)) == (None, (2, "Anna's"))
    with pytest.raises(StaleRevision, match=r"^Somebody saved this design at"):
        save(event_id, begun, oscar, "Oscar's", revision=1, page=MINE)
