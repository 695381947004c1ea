"""Sending: everything of one message in one transaction, or nothing of it."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from eventmail.content.compiled import Compiled
from eventmail.db import transaction
from eventmail.domain.mailings import contents
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import NothingLeaves
from eventmail.errors import (
    DomainError,
    InvalidAudience,
    InvalidInput,
    NoRecipients,
    UnresolvedToken,
)
from eventmail.models import AuditEntry, Content, Exclusion, IdempotencyRecord, Job, Mailing, Recipient, Reservation
from tests.support.meanwhile import at_first_write
from tests.support.seeding import Person, acting
from tests.support.written import PLACE, TEXT, WRITTEN, empty_the_party, message, numbers


def test_a_send_writes_all_of_it_in_one_transaction_s1(
    event_id: int, organizer: Person, party: list[int], send: Any, row: Any, rows: Any, count_queries: Any
) -> None:
    before = numbers()
    with count_queries() as queries:
        sent = send()
    written = {name: number - before[name] for name, number in numbers().items()}
    assert written == {
        "content": 1, "mailing": 1, "recipient": 2, "exclusion": 3, "job": 1, "reservation": 1,
        "idempotency_record": 1, "audit_entry": 1,
    }  # fmt: skip
    assert [query for query in queries if query.startswith("SAVEPOINT")] == []

    mailing, job = row(Mailing), row(Job)
    assert (mailing.event_id, mailing.kind, mailing.state, mailing.recipient_count) == (
        event_id,
        "one_time",
        "sending",
        2,
    )
    assert {str(state): n for state, n in mailing.counts.items() if n} == {"queued": 2}
    assert mailing.excluded == {"no_address": 1, "bounced": 1, "duplicate_address": 1}
    assert (mailing.audience["statuses"], mailing.created_by) == (["confirmed"], organizer.id)
    assert [(r.mailing_id, r.guest_id, r.address, r.email, r.state, r.attempts) for r in rows(Recipient)] == [
        (mailing.id, party[0], "ada@guests.example.net", "Ada@Guests.example.net", "queued", 0),
        (mailing.id, party[1], "ben@guests.example.net", "ben@guests.example.net", "queued", 0),
    ]
    left_out = [(e.mailing_id, e.guest_id, e.reason, e.email, e.shares_with) for e in rows(Exclusion)]
    assert sorted(left_out, key=lambda found: found[1]) == [
        (mailing.id, party[2], "no_address", None, None),
        (mailing.id, party[3], "bounced", "gone@guests.example.net", None),
        (mailing.id, party[4], "duplicate_address", "ada@guests.example.net", party[0]),
    ]
    assert (job.mailing_id, job.run, job.state, job.request_id) == (mailing.id, 1, "running", "req_1")
    reservation = row(Reservation)
    assert (reservation.mailing_id, reservation.run, reservation.provider) == (job.mailing_id, 1, "outbox")
    assert (reservation.reserved, reservation.consumed, reservation.refunded) == (2, 0, 0)
    entry = row(AuditEntry, AuditEntry.action == "mailing.sent")
    assert (entry.actor, entry.user_id, entry.event_id, entry.subject, entry.request_id, entry.detail) == (
        organizer.name, organizer.id, event_id, f"mailing:{mailing.id}", "req_1",
        {"recipients": 2, "excluded": {"no_address": 1, "bounced": 1, "duplicate_address": 1}},
    )  # fmt: skip
    record = row(IdempotencyRecord)
    assert (record.key, record.mailing_id, record.status, record.answer) == ("k", mailing.id, 202, sent.answer)
    assert (sent.mailing_id, sent.status, sent.job_id) == (mailing.id, 202, job.id)


@pytest.mark.parametrize("table", [model.__tablename__ for model in WRITTEN])
def test_when_any_part_fails_nothing_remains_s1(party: list[int], send: Any, table: str) -> None:
    before = numbers()
    with transaction() as tx:
        tx.execute(text(f"CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'refused'); END"))
    with pytest.raises(IntegrityError, match="refused"):
        send()
    assert numbers() == before
    with transaction() as tx:
        tx.execute(text("DROP TRIGGER refuse"))
    assert send().job_id is not None  # and the key is still free


def test_the_answer_describes_the_mailing(party: list[int], send: Any) -> None:
    answer = send().answer
    assert answer == {
        "id": answer["id"],
        "kind": "one_time",
        "state": "sending",
        "counts": {"queued": 2, "sending": 0, "sent": 0, "failed": 0, "unknown": 0, "suppressed": 0, "cancelled": 0},
        "recipient_count": 2,
        "excluded": [
            {"reason": "no_address", "count": 1}, {"reason": "bounced", "count": 1},
            {"reason": "duplicate_address", "count": 1},
        ],
        "send_at": None,
        "timezone": None,
        "fold": None,
        "relative": None,
        "audience_mode": None,
        "edit_cutoff_at": None,
        "not_sent": None,
        "revision": None,
        "content": {
            "subject": TEXT.subject, "preheader": TEXT.preheader, "body": TEXT.body, "design": None, "revision": None,
        },
        "job": {**answer["job"], "state": "running", "started_at": None, "finished_at": None},
        "waits_for": None,
        "last_error": None,
    }  # fmt: skip


def test_what_is_sent_is_what_was_previewed_c5(event_id: int, party: list[int], send: Any, row: Any) -> None:
    shown = contents.preview(event_id, TEXT, acting())
    send()
    assert row(Mailing).content_id == shown.content_id
    assert Compiled.load(row(Content).compiled) == shown.compiled


# Refusals
REFUSED: list[tuple[Message, type[DomainError]]] = [
    (message(replace(TEXT, body="{guest.nickname}")), UnresolvedToken),
    (message(replace(TEXT, subject=" ")), InvalidInput),
    (message(replace(TEXT, body="x" * 200_000)), InvalidInput),
    (message(statuses=[]), InvalidAudience),
    (message(guests=["999"]), InvalidAudience),
    (message(statuses=["declined"]), NoRecipients),
]


@pytest.mark.parametrize(("wrong", "refusal"), REFUSED)
def test_a_refused_send_stores_nothing_and_leaves_its_key_free_s1(
    party: list[int], send: Any, wrong: Message, refusal: type[DomainError]
) -> None:
    before = numbers()
    with pytest.raises(refusal):
        send(wrong)
    assert numbers() == before
    assert send().job_id is not None


@pytest.mark.parametrize(("wrong", "refusal"), REFUSED)
def test_a_dry_run_makes_the_same_checks_and_stores_nothing(
    event_id: int, party: list[int], wrong: Message, refusal: type[DomainError]
) -> None:
    before = numbers()
    with pytest.raises(refusal):
        mailing_send.resolve(mailing_send.prepare(event_id, wrong, PLACE))
    assert mailing_send.resolve(mailing_send.prepare(event_id, message(), PLACE)).count == 2
    assert numbers() == before


def test_S13_where_nothing_can_leave_the_refusal_is_no_matter_of_the_form(
    event_id: int, organizer: Person, party: list[int]
) -> None:
    before, nowhere = numbers(), replace(PLACE, hindrances=("Mail has no From.",))
    with pytest.raises(NothingLeaves, match="Mail has no From") as refused:
        mailing_send.send(event_id, message(), key="k", terms=nowhere, by=acting(organizer))
    assert (refused.value.title, refused.value.code) == ("Nothing can leave from here yet", "INVALID_INPUT")
    assert numbers() == before


def test_an_audience_that_becomes_empty_before_the_transaction_is_refused_a5(
    app: Flask, party: list[int], send: Any
) -> None:
    before = numbers()
    with at_first_write(app, empty_the_party), pytest.raises(NoRecipients, match="No recipients match"):
        send()
    after = numbers()
    assert {name: after[name] - before[name] for name in after} == dict.fromkeys(after, 0)
