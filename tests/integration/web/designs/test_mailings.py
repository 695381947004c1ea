"""Messages that take their text from a design: now, later, as a draft; the text they took stays theirs (D3)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from eventmail.domain.instance import housekeeping
from eventmail.models import Content, IdempotencyRecord, Job, Mailing, Recipient
from eventmail.sending import due
from eventmail.settings import Settings
from tests.support.designing import WRITTEN
from tests.support.live import outbox
from tests.support.time import FrozenClock
from tests.support.web import refused
from tests.support.written import PLACE

LATER = {"send_at": "2027-06-01T10:00", "timezone": "UTC"}
WAYS: dict[str, dict[str, Any]] = {"now": {}, "scheduled": LATER, "draft": {"draft": True}}


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/email-templates"


@pytest.fixture
def mailings(event_id: int) -> str:
    return f"/admin/events/{event_id}/mailings"


@pytest.fixture
def design(published: str) -> str:
    return published.rpartition("/")[2]


@pytest.fixture
def post(api: Any, mailings: str, design: str, add_guests: Any) -> Any:
    """post(key="k", **changes): a message of the published design to two guests."""
    add_guests(2)

    def send(key: str = "k", **changes: Any) -> Any:
        body = {"kind": "one_time", "design": {"id": design}, "audience": {"statuses": ["confirmed"]}, **changes}
        return api.post(mailings, json=body, headers={"Idempotency-Key": key} if key else {})

    return send


def change(api: Any, published: str) -> None:
    """Another text is published, and one more is in the draft."""
    revision = api.get(published).json["revision"]
    api.patch(published, json={"revision": revision, "subject": "Second", "body": "Second"})
    assert api.post(f"{published}/publication").status_code == 201
    api.patch(published, json={"revision": revision + 1, "body": "Third"})


@pytest.mark.parametrize("way", WAYS)
def test_D3_a_message_names_the_design_and_the_revision_it_took(
    api: Any, post: Any, design: str, published: str, way: str
) -> None:
    taken = {"subject": WRITTEN["subject"], "preheader": "Soon", "body": WRITTEN["body"], "design": design}
    answer = post(**WAYS[way])
    assert (answer.status_code, answer.json["content"]) == (202, {**taken, "revision": 1})
    change(api, published)
    assert api.get(answer.location).json["content"] == {**taken, "revision": 1}
    second, third = post("s", **WAYS[way]), post("t", design={"id": design, "snapshot": "draft"}, **WAYS[way])
    assert [(one.json["content"]["body"], one.json["content"]["revision"]) for one in (second, third)] == [
        ("Second", 2), ("Third", None),
    ]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_S1_one_key_is_one_message_whatever_became_of_the_design(
    api: Any, post: Any, published: str, count: Any, way: str
) -> None:
    first = post(**WAYS[way])
    change(api, published)
    again = post(**WAYS[way])
    api.post(f"{published}/archiving")
    late = post(**WAYS[way])
    for answer in (again, late):
        assert (answer.status_code, answer.data, answer.location) == (202, first.data, first.location)
        assert answer.headers["Idempotent-Replayed"] == "true"
    assert (count(Mailing), count(Job)) == (1, 1 if way == "now" else 0)


@pytest.mark.parametrize("way", WAYS)
def test_S1_a_key_of_another_request_is_422_and_sends_nothing(
    post: Any, design: str, made: Any, count: Any, way: str
) -> None:
    post(**WAYS[way])
    for changed in (
        {"design": {"id": design, "snapshot": "draft"}},
        {"design": {"id": made()["id"]}},
        {"subject": "Another"},
        {"audience": {"statuses": ["invited"]}},
    ):
        assert refused(post(**{**WAYS[way], **changed})) == (422, "IDEMPOTENCY_KEY_REUSED", [])
    assert count(Mailing) == 1


@pytest.mark.parametrize("way", [*WAYS, "dry run"])
@pytest.mark.parametrize(
    ("changes", "status", "code", "fields"),
    [
        ({"body": "Both"}, 400, "INVALID_INPUT", ["design"]),
        ({"design": {"id": "999"}}, 400, "INVALID_INPUT", ["design"]),
        ({"design": {"id": "x"}}, 400, "INVALID_INPUT", ["design"]),
        ({"design": {"id": "9" * 30}}, 400, "INVALID_INPUT", ["design"]),
        ({"design": {"snapshot": "draft"}}, 400, "INVALID_INPUT", ["design.id"]),
        ({"design": {"id": "1", "snapshot": "newest"}}, 400, "INVALID_INPUT", ["design.snapshot"]),
        ({"design": {"id": "1", "revision": 1}}, 400, "INVALID_INPUT", ["design.revision"]),
        ({"design": "1"}, 400, "INVALID_INPUT", ["design"]),
    ],
)
def test_D3_what_names_no_design_rightly_is_refused_and_nothing_is_stored(
    post: Any, count: Any, way: str, changes: dict[str, Any], status: int, code: str, fields: list[str]
) -> None:
    extra = {"dry_run": True} if way == "dry run" else WAYS[way]
    assert refused(post(**{**changes, **extra})) == (status, code, fields)
    assert (count(Mailing), count(Content), count(IdempotencyRecord)) == (0, 0, 0)


@pytest.mark.parametrize("way", [*WAYS, "dry run"])
def test_D3_never_published_archived_and_foreign_designs_are_not_used(
    api: Any, post: Any, made: Any, published: str, add_event: Any, count: Any, way: str
) -> None:
    extra = {"dry_run": True} if way == "dry run" else WAYS[way]
    assert refused(post(design={"id": made()["id"]}, **extra)) == (409, "NOT_PUBLISHED", [])
    foreign = api.post(f"/admin/events/{add_event()}/email-templates", json=WRITTEN).json["id"]
    for snapshot in ("published", "draft"):
        answer = post(design={"id": foreign, "snapshot": snapshot}, **extra)
        assert refused(answer) == (400, "INVALID_INPUT", ["design"])
    api.post(f"{published}/archiving")
    assert refused(post(**extra)) == (409, "DESIGN_ARCHIVED", [])
    assert (count(Mailing), count(Content), count(IdempotencyRecord)) == (0, 0, 0)


def test_D3_a_dry_run_of_a_design_checks_it_and_stores_nothing(api: Any, post: Any, published: str, count: Any) -> None:
    answer = post(key="", dry_run=True)
    assert (answer.status_code, answer.json["recipient_count"], count(Mailing), count(Content)) == (200, 2, 0, 0)
    draft = {"id": published.rpartition("/")[2], "snapshot": "draft"}
    api.patch(published, json={"revision": 1, "body": "{guest.nickname}"})
    assert refused(post(key="", dry_run=True, design=draft)) == (400, "UNRESOLVED_TOKEN", ["body"])


def test_D4_a_draft_snapshot_that_could_not_be_sent_sends_nothing(
    api: Any, post: Any, design: str, published: str, count: Any
) -> None:
    api.patch(published, json={"revision": 1, "body": "{guest.nickname}"})
    draft = {"id": design, "snapshot": "draft"}
    for extra in ({}, LATER):
        assert refused(post(design=draft, **extra)) == (400, "UNRESOLVED_TOKEN", ["body"])
    assert (count(Mailing), count(Recipient), count(IdempotencyRecord)) == (0, 0, 0)
    assert post(design=draft, draft=True).status_code == 202


def test_A5_a_design_to_nobody_is_refused_and_nothing_is_stored(post: Any, count: Any) -> None:
    for extra in ({}, LATER):
        answer = post(audience={"statuses": ["declined"]}, **extra)
        assert (refused(answer), answer.json["detail"]) == (
            (409, "NO_RECIPIENTS", []), "No recipients match this audience.",
        )  # fmt: skip
    assert (count(Mailing), count(Content)) == (0, 0)


def test_D3_a_subject_of_its_own_counts_more_than_that_of_the_design(post: Any, design: str) -> None:
    content = post(subject="My own").json["content"]
    assert (content["subject"], content["body"], content["design"], content["revision"]) == (
        "My own", WRITTEN["body"], design, 1,
    )  # fmt: skip


def test_D3_a_draft_of_a_design_is_edited_takes_another_snapshot_and_is_sent(
    api: Any, post: Any, design: str, published: str, work: Any, settings: Settings, row: Any
) -> None:
    draft = post(draft=True)
    where = draft.location
    edited = api.patch(where, json={"revision": 1, "body": "Edited {guest.firstName}"})
    assert (edited.json["content"]["body"], edited.json["content"]["revision"], edited.json["revision"]) == (
        "Edited {guest.firstName}", 1, 2,
    )  # fmt: skip
    change(api, published)
    both = api.patch(where, json={"revision": 2, "design": {"id": design}, "body": "x"})
    assert refused(both) == (400, "INVALID_INPUT", ["design"])
    taken = api.patch(where, json={"revision": 2, "design": {"id": design}})
    assert (taken.json["content"]["body"], taken.json["content"]["revision"]) == ("Second", 2)
    api.post(f"{published}/archiving")
    archived = api.patch(where, json={"revision": 3, "design": {"id": design, "snapshot": "draft"}})
    assert refused(archived) == (409, "DESIGN_ARCHIVED", [])
    assert api.patch(where, json={"revision": 3, "draft": False}).status_code == 200
    work()
    assert [mail["Subject"] for mail in outbox(settings.instance)] == ["Second", "Second"]
    assert (row(Mailing).design_id, row(Mailing).design_number) == (int(design), 2)


def test_H3_a_scheduled_message_takes_another_snapshot_and_keeps_its_people_until_the_cutoff(
    api: Any, post: Any, design: str, published: str, clock: FrozenClock
) -> None:
    scheduled = post(**LATER)
    change(api, published)
    answer = api.patch(scheduled.location, json={"design": {"id": design}})
    content = answer.json["content"]
    assert (content["body"], content["revision"], answer.json["recipient_count"]) == ("Second", 2, 2)
    for wrong, refusal in (
        ({"design": {"id": design}, "body": "x"}, (400, "INVALID_INPUT", ["design"])),
        ({"design": {"id": "999"}}, (400, "INVALID_INPUT", ["design"])),
    ):
        assert refused(api.patch(scheduled.location, json=wrong)) == refusal
    before = api.get(scheduled.location).json
    clock.set(clock.now().replace(year=2027, month=6, day=1, hour=9, minute=50, second=0, microsecond=0))
    late = api.patch(scheduled.location, json={"design": {"id": design, "snapshot": "draft"}})
    assert refused(late) == (409, "PAST_EDIT_WINDOW", [])
    now = api.get(scheduled.location).json
    assert {name: now[name] for name in ("content", "revision", "send_at")} == {
        name: before[name] for name in ("content", "revision", "send_at")
    }


def test_H4_a_cancelled_scheduled_message_of_a_design_gives_its_places_back(api: Any, post: Any, mailings: str) -> None:
    quota = f"{mailings.rpartition('/')[0]}/quota"
    scheduled = post(**{**LATER, "send_at": "2026-12-20T10:00"})
    reserved = api.get(quota).json["month"]["reserved"]
    cancelled = api.post(f"{scheduled.location}/cancellation").json
    assert (reserved, api.get(quota).json["month"]["reserved"]) == (2, 0)
    assert (cancelled["state"], cancelled["counts"]["cancelled"], cancelled["content"]["revision"]) == (
        "cancelled", 2, 1,
    )  # fmt: skip


def test_G28_a_purge_leaves_the_text_of_every_message_of_a_design(
    app: Any, api: Any, post: Any, published: str, clock: FrozenClock, rows: Any, work: Any, settings: Settings
) -> None:
    scheduled, sent = post(**LATER), post("s")
    change(api, published)
    api.post(f"{published}/archiving")
    before = [(one.id, one.content_id, one.design_number, one.design_digest) for one in rows(Mailing)]
    clock.advance(days=3)
    with app.app_context():
        housekeeping.purge(clock.now())
    assert [(one.id, one.content_id, one.design_number, one.design_digest) for one in rows(Mailing)] == before
    for one in (scheduled, sent):
        assert api.get(one.location).json["content"]["body"] == WRITTEN["body"]
    work()
    assert [first_line(mail) for mail in outbox(settings.instance)] == ["Come to Fixture Gala."] * 2


@pytest.mark.parametrize("due_after", ["a publication", "an archiving", "a restore"])
def test_G28_a_scheduled_message_sends_its_own_text_when_it_is_due(
    app: Any, api: Any, post: Any, published: str, clock: FrozenClock, work: Any, settings: Settings, due_after: str
) -> None:
    scheduled = post(**LATER)
    change(api, published)
    if due_after == "an archiving":
        api.post(f"{published}/archiving")
    elif due_after == "a restore":
        api.post(f"{published}/revisions/1/restoration")
    clock.set(datetime(2027, 6, 1, 10, 0, tzinfo=UTC))
    with app.app_context():
        assert len(due.start_all(PLACE, settings)) == 1
    work()
    assert [(mail["Subject"], first_line(mail)) for mail in outbox(settings.instance)] == [
        ("Hi Guest", "Come to Fixture Gala.")
    ] * 2
    told = api.get(scheduled.location).json
    assert (told["state"], told["counts"]["sent"], told["content"]["revision"]) == ("finished", 2, 1)


def first_line(mail: Any) -> str:
    return str(next(mail.iter_parts()).get_content().splitlines()[0])


def test_G16_a_message_of_a_design_has_the_sender_of_its_own_event(
    api: Any, post: Any, mailings: str, work: Any, settings: Settings
) -> None:
    event = mailings.rpartition("/")[0]
    assert api.patch(event, json={"sender_name": "Doors & Co", "reply_to": "doors@organizers.org"}).status_code == 200
    post()
    work()
    assert {(mail["From"], mail["Reply-To"]) for mail in outbox(settings.instance)} == {
        ("Doors & Co <mail@organizers.org>", "doors@organizers.org")
    }
