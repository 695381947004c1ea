"""Revisions: publishing, keeping under a name and restoring add one after the other, and none is ever lost (D3)."""

from typing import Any

import pytest
from flask import Flask

from eventmail.domain.designs import edit, lifecycle, revisions
from eventmail.domain.designs.edit import DesignVersion
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.origin import Origin
from eventmail.errors import (
    DesignArchived,
    InvalidInput,
    NotFound,
    NotPublished,
    StaleRevision,
    UnresolvedToken,
)
from eventmail.models import AuditEntry, Design, DesignRevision
from eventmail.records import Acting
from tests.support.designing import HERS, MINE, WRITTEN, design, held, kept, save
from tests.support.meanwhile import at_first_write

V1 = WRITTEN["body"]


def test_D3_publishing_appends_a_revision_and_leaves_the_draft(
    event_id: int, begun: int, oscar: Acting, anna: Acting, rows: Any
) -> None:
    made, new = revisions.publish(event_id, begun, oscar)
    assert (made.number, new, made.author, made.made_at) == (1, True, "Oscar Organizer", oscar.now)
    save(event_id, begun, anna, "Second")
    assert edit.find(event_id, begun).diverged is True
    assert revisions.publish(event_id, begun, anna)[0].number == 2
    shown = edit.find(event_id, begun)
    assert shown.published is not None
    assert (shown.published.number, shown.published.text.body, shown.published.by, shown.diverged) == (
        2, "Second", "Anna Other", False,
    )  # fmt: skip
    assert kept(rows, begun) == [(1, "", True, V1), (2, "", True, "Second")]
    assert held(event_id, begun) == (2, "Second")
    told = rows(AuditEntry, AuditEntry.action == "design.published")
    assert [(one.actor, one.detail) for one in told] == [
        ("Oscar Organizer", {"revision": 1}), ("Anna Other", {"revision": 2}),
    ]  # fmt: skip


def test_D3_publishing_the_published_text_makes_no_revision_and_no_entry(
    event_id: int, begun: int, oscar: Acting, rows: Any, count: Any
) -> None:
    first, _ = revisions.publish(event_id, begun, oscar)
    save(event_id, begun, oscar, "Other")
    save(event_id, begun, oscar, V1)  # there and back
    assert revisions.publish(event_id, begun, oscar) == (first, False)
    assert kept(rows, begun) == [(1, "", True, V1)]
    assert count(AuditEntry, AuditEntry.action == "design.published") == 1


def test_D3_a_text_of_an_older_revision_is_published_anew(event_id: int, begun: int, oscar: Acting, rows: Any) -> None:
    revisions.publish(event_id, begun, oscar)
    save(event_id, begun, oscar, "Second")
    revisions.publish(event_id, begun, oscar)
    save(event_id, begun, oscar, V1)
    assert revisions.publish(event_id, begun, oscar)[0].number == 3
    assert kept(rows, begun) == [(1, "", True, V1), (2, "", True, "Second"), (3, "", True, V1)]


def test_D3_what_is_published_is_the_draft_that_was_looked_at(
    event_id: int, begun: int, oscar: Acting, anna: Acting, count: Any
) -> None:
    save(event_id, begun, anna, "Anna's", page=HERS)
    for seen in (DesignVersion(1), DesignVersion(1, MINE)):
        with pytest.raises(StaleRevision, match=r"Nothing was published\."):
            revisions.publish(event_id, begun, oscar, read=seen)
    assert (count(DesignRevision), edit.find(event_id, begun).published) == (0, None)
    assert revisions.publish(event_id, begun, oscar, read=DesignVersion(2))[0].text.body == "Anna's"


def test_D5_a_page_publishes_its_own_save_whose_answer_was_lost(event_id: int, begun: int, oscar: Acting) -> None:
    save(event_id, begun, oscar, "lost answer", revision=1, page=MINE)
    made, _ = revisions.publish(event_id, begun, oscar, read=DesignVersion(1, MINE))
    assert made.text.body == "lost answer"


@pytest.mark.parametrize("read", [None, DesignVersion(1), DesignVersion(1, MINE)])
def test_D3_a_save_between_the_check_and_the_publication_is_not_published_unseen(
    app: Flask, event_id: int, begun: int, oscar: Acting, anna: Acting, count: Any, read: DesignVersion | None
) -> None:
    overtaken = at_first_write(app, lambda: save(event_id, begun, anna, "{guest.nickname}", revision=1))
    with overtaken, pytest.raises(StaleRevision):
        revisions.publish(event_id, begun, oscar, read=read)
    assert (count(DesignRevision), held(event_id, begun)) == (0, (2, "{guest.nickname}"))


def test_D3_a_page_whose_own_save_lands_while_it_publishes_is_asked_to_look_again(
    app: Flask, event_id: int, begun: int, oscar: Acting, count: Any
) -> None:
    save(event_id, begun, oscar, "Checked", revision=1, page=MINE)
    late = at_first_write(app, lambda: save(event_id, begun, oscar, "{guest.nickname}", revision=2, page=MINE))
    with late, pytest.raises(StaleRevision):
        revisions.publish(event_id, begun, oscar, read=DesignVersion(2, MINE))
    assert (count(DesignRevision), held(event_id, begun)) == (0, (3, "{guest.nickname}"))


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"body": "Hi {guest.nickname}"}, UnresolvedToken),
        ({"subject": "{event.titel}"}, UnresolvedToken),
        ({"preheader": "{event.titel}"}, UnresolvedToken),
        ({"subject": ""}, InvalidInput),
        ({"body": " \n"}, InvalidInput),
        ({"body": "x" * 120_000}, InvalidInput),
    ],
)
def test_D4_what_could_not_be_sent_is_not_published(
    event_id: int, oscar: Acting, count: Any, values: dict[str, str], error: type[Exception]
) -> None:
    design_id = design(event_id, oscar, **values)
    with pytest.raises(error):
        revisions.publish(event_id, design_id, oscar)
    assert (count(DesignRevision), edit.find(event_id, design_id).published) == (0, None)


def test_D3_a_checkpoint_is_a_revision_of_its_own_and_publishes_nothing(
    event_id: int, begun: int, oscar: Acting, rows: Any
) -> None:
    made = revisions.keep(event_id, begun, "  Before the\nvenue ", oscar)
    assert (made.number, made.name, made.is_published) == (1, "Before the venue", False)
    assert edit.find(event_id, begun).published is None
    assert revisions.publish(event_id, begun, oscar)[0].number == 2
    assert kept(rows, begun) == [(1, "Before the venue", False, V1), (2, "", True, V1)]


def test_D3_a_checkpoint_of_the_newest_revision_names_that(event_id: int, begun: int, oscar: Acting, rows: Any) -> None:
    revisions.publish(event_id, begun, oscar)
    assert revisions.keep(event_id, begun, "As sent to print", oscar).number == 1
    assert revisions.keep(event_id, begun, "As printed", oscar).number == 1
    assert kept(rows, begun) == [(1, "As printed", True, V1)]


def test_D3_a_checkpoint_of_another_draft_than_the_one_looked_at_is_refused(
    event_id: int, begun: int, oscar: Acting, anna: Acting, count: Any
) -> None:
    save(event_id, begun, anna, "Anna's", page=HERS)
    with pytest.raises(StaleRevision, match=r"Nothing was kept\."):
        revisions.keep(event_id, begun, "Mine", oscar, read=DesignVersion(1, MINE))
    for name in ("", " ", "x" * 101):
        with pytest.raises(InvalidInput):
            revisions.keep(event_id, begun, name, oscar)
    assert count(DesignRevision) == 0


def test_D3_restoring_keeps_a_draft_that_no_revision_holds(
    event_id: int, begun: int, oscar: Acting, anna: Acting, rows: Any
) -> None:
    revisions.publish(event_id, begun, oscar)
    save(event_id, begun, oscar, "Precious")
    revisions.restore(event_id, begun, 1, anna)
    assert kept(rows, begun) == [(1, "", True, V1), (2, "Before version 1 was restored", False, "Precious")]
    shown = edit.find(event_id, begun)
    assert (shown.revision, shown.text.body, shown.diverged, shown.saver) == (3, V1, False, "Anna Other")
    revisions.restore(event_id, begun, 2, oscar)
    assert held(event_id, begun) == (4, "Precious")
    assert len(kept(rows, begun)) == 2  # version 1 holds what was there
    assert edit.find(event_id, begun).published is not None


def test_D3_restoring_what_is_in_the_draft_changes_nothing(
    event_id: int, begun: int, oscar: Acting, rows: Any, count: Any
) -> None:
    revisions.publish(event_id, begun, oscar)
    revisions.restore(event_id, begun, 1, oscar)
    assert (held(event_id, begun), kept(rows, begun)) == ((1, V1), [(1, "", True, V1)])
    assert count(AuditEntry, AuditEntry.action == "design.restored") == 0


def test_D3_what_is_published_after_a_restore_is_that_text_and_no_published_one_is_lost(
    event_id: int, begun: int, oscar: Acting, rows: Any
) -> None:
    for body in ("Second", "Third"):
        revisions.publish(event_id, begun, oscar)
        save(event_id, begun, oscar, body)
    revisions.publish(event_id, begun, oscar)
    revisions.restore(event_id, begun, 2, oscar)
    made, new = revisions.publish(event_id, begun, oscar)
    assert (made.number, made.text.body, new) == (4, "Second", True)
    assert [(number, body) for number, _, _, body in kept(rows, begun)] == [
        (1, V1), (2, "Second"), (3, "Third"), (4, "Second"),
    ]  # fmt: skip


def test_D5_a_page_that_was_open_before_a_restore_does_not_write_over_it(
    event_id: int, begun: int, oscar: Acting, anna: Acting
) -> None:
    revisions.publish(event_id, begun, oscar)
    save(event_id, begun, oscar, "Mine", revision=1, page=MINE)
    revisions.restore(event_id, begun, 1, anna, read=DesignVersion(2))
    with pytest.raises(StaleRevision):
        save(event_id, begun, oscar, "Mine, more", revision=2, page=MINE)
    assert held(event_id, begun) == (3, V1)


def test_D5_a_restore_over_what_was_not_looked_at_is_refused(
    event_id: int, begun: int, oscar: Acting, anna: Acting
) -> None:
    revisions.publish(event_id, begun, oscar)
    save(event_id, begun, anna, "Anna's", page=HERS)
    with pytest.raises(StaleRevision, match=r"Nothing was restored\."):
        revisions.restore(event_id, begun, 1, oscar, read=DesignVersion(1, MINE))
    assert held(event_id, begun) == (2, "Anna's")


def test_D3_a_revision_that_is_not_there_is_not_found(event_id: int, begun: int, oscar: Acting) -> None:
    other = design(event_id, oscar)
    revisions.publish(event_id, other, oscar)
    with pytest.raises(NotFound):
        revisions.restore(event_id, begun, 1, oscar)
    with pytest.raises(NotFound):
        revisions.find(begun, 1)
    assert held(event_id, begun) == (1, V1)


def test_D3_a_snapshot_is_named_and_stays_what_it_was(event_id: int, begun: int, oscar: Acting) -> None:
    shown = edit.find(event_id, begun)
    with pytest.raises(NotPublished):
        revisions.snapshot(shown, "published")
    revisions.publish(event_id, begun, oscar)
    save(event_id, begun, oscar, "Draft")
    shown = edit.find(event_id, begun)
    first, draft = (Text(WRITTEN["subject"], WRITTEN["preheader"], body) for body in (V1, "Draft"))
    assert revisions.snapshot(shown, "published") == (first, Origin(begun, 1, first.digest))
    assert revisions.snapshot(shown, "draft") == (draft, Origin(begun, None, draft.digest))


def test_D3_an_archived_design_is_neither_published_kept_restored_nor_used(
    event_id: int, begun: int, oscar: Acting, count: Any
) -> None:
    revisions.publish(event_id, begun, oscar)
    save(event_id, begun, oscar, "Draft")
    lifecycle.archive(event_id, begun, oscar)
    for command in (
        lambda: revisions.publish(event_id, begun, oscar),
        lambda: revisions.keep(event_id, begun, "n", oscar),
        lambda: revisions.restore(event_id, begun, 1, oscar),
        lambda: revisions.snapshot(edit.find(event_id, begun), "published"),
        lambda: revisions.snapshot(edit.find(event_id, begun), "draft"),
    ):
        with pytest.raises(DesignArchived):
            command()
    assert (count(DesignRevision), count(Design), held(event_id, begun)) == (1, 1, (2, "Draft"))


def test_D3_the_list_of_revisions_begins_with_the_newest(event_id: int, begun: int, oscar: Acting) -> None:
    revisions.publish(event_id, begun, oscar)
    save(event_id, begun, oscar, "Second")
    revisions.keep(event_id, begun, "Kept", oscar)
    found = [(one.number, one.name, one.is_published, one.text.body) for one in revisions.listing(begun)]
    assert found == [(2, "Kept", False, "Second"), (1, "", True, V1)]
