"""Designs by JSON: what is taken, what is answered, what is refused (D1 to D5, product section 6)."""

from typing import Any

import pytest
from flask import Flask

from eventmail.models import AuditEntry, Design, DesignRevision
from tests.support import seeding
from tests.support.designing import WRITTEN
from tests.support.web import Client, problem, refused

DRAFT = {name: WRITTEN[name] for name in ("subject", "preheader", "body")}


def test_D1_a_design_is_made_with_201_and_read_where_its_location_says(api: Any, url: str, row: Any) -> None:
    answer = api.post(url, json=WRITTEN)
    design: Any = answer.json
    assert (answer.status_code, answer.location) == (201, f"{url}/{row(Design).id}")
    assert {name: design[name] for name in design if name not in ("id", "updated_at", "warnings")} == {
        "name": "Save the date", "message_type": "invitation", "draft": DRAFT, "published": None, "diverged": False,
        "revision": 1, "archived": False, "updated_by": "Oscar Organizer", "last_test_send": None,
    }  # fmt: skip
    assert api.get(answer.location).json == design
    assert api.get(url).json == {"items": [design], "page": 1, "pages": 1, "total": 1}


def test_S1_a_key_makes_one_design(api: Any, url: str, count: Any) -> None:
    first, again = (api.post(url, json=WRITTEN, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, again.status_code, again.data) == (201, 201, first.data)
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    other = api.post(url, json={**WRITTEN, "body": "Other"}, headers={"Idempotency-Key": "k"})
    assert (refused(other), count(Design)) == ((422, "IDEMPOTENCY_KEY_REUSED", []), 1)


WRONG: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"name": ""}, "INVALID_INPUT", ["name"]),
    ({"name": None}, "INVALID_INPUT", ["name"]),
    ({"name": "x" * 101}, "INVALID_INPUT", ["name"]),
    ({"name": 7}, "INVALID_INPUT", ["name"]),
    ({"message_type": None}, "INVALID_MESSAGE_TYPE", ["message_type"]),
    ({"message_type": "spam"}, "INVALID_MESSAGE_TYPE", ["message_type"]),
    ({"message_type": "Invitation"}, "INVALID_MESSAGE_TYPE", ["message_type"]),
    ({"body": ["x"]}, "INVALID_INPUT", ["body"]),
    ({"published": {}}, "INVALID_INPUT", ["published"]),
]


@pytest.mark.parametrize(("changes", "code", "fields"), WRONG)
def test_D4_what_is_no_design_is_refused_by_field_and_nothing_is_stored(
    api: Any, url: str, count: Any, changes: dict[str, Any], code: str, fields: list[str]
) -> None:
    assert refused(api.post(url, json={**WRITTEN, **changes})) == (400, code, fields)
    assert count(Design) == 0


def test_D5_a_patch_changes_what_it_names_and_null_clears_a_part(api: Any, one: str) -> None:
    answer: Any = api.patch(one, json={"revision": 1, "preheader": None, "subject": "New"}).json
    assert (answer["draft"], answer["revision"]) == ({"subject": "New", "preheader": "", "body": WRITTEN["body"]}, 2)
    again: Any = api.patch(one, json={"revision": 2, "subject": "New"}).json
    assert again["revision"] == 2
    assert api.patch(one, json={"revision": 2, "name": "Named", "message_type": "update"}).json["revision"] == 3


PATCHES: list[tuple[dict[str, Any], int, str, list[str]]] = [
    ({}, 400, "INVALID_INPUT", ["revision"]),
    ({"revision": 0}, 400, "INVALID_INPUT", ["revision"]),
    ({"revision": 2**63}, 400, "INVALID_INPUT", ["revision"]),
    ({"revision": 2**63 - 1, "subject": "x"}, 409, "STALE_REVISION", []),
    ({"revision": 2, "subject": "x"}, 409, "STALE_REVISION", []),
    ({"revision": 2}, 409, "STALE_REVISION", []),
    ({"revision": 1, "name": None}, 400, "INVALID_INPUT", ["name"]),
    ({"revision": 1, "message_type": None}, 400, "INVALID_MESSAGE_TYPE", ["message_type"]),
    ({"revision": 1, "published": 1}, 400, "INVALID_INPUT", ["published"]),
]


@pytest.mark.parametrize(("body", "status", "code", "fields"), PATCHES)
def test_D5_a_patch_that_is_refused_changes_nothing(
    api: Any, one: str, body: dict[str, Any], status: int, code: str, fields: list[str]
) -> None:
    before = api.get(one).json
    assert refused(api.patch(one, json=body)) == (status, code, fields)
    assert api.get(one).json == before


def test_D5_the_loser_of_two_patches_reads_again_and_is_taken(api: Any, one: str) -> None:
    api.patch(one, json={"revision": 1, "body": "First"})
    answer = api.patch(one, json={"revision": 1, "body": "Second"})
    assert (problem(answer), answer.json["conflict"]) == ((409, "STALE_REVISION"), "changed")
    assert "it is at revision 2 now, not at 1. Nothing changed." in answer.json["detail"]
    assert api.patch(one, json={"revision": 2, "body": "Second"}).json["draft"]["body"] == "Second"


def test_D3_a_publication_is_201_and_then_200_while_nothing_changed(api: Any, one: str, rows: Any) -> None:
    first = api.post(f"{one}/publication", json={"revision": 1})
    assert (first.status_code, first.location) == (201, f"{one}/revisions#version-1")
    made: Any = first.json
    assert {name: made[name] for name in ("number", "name", "made_by", "mailings", *DRAFT)} == {
        "number": 1, "name": "", "made_by": "Oscar Organizer", "mailings": [], **DRAFT,
    }  # fmt: skip
    for asked in ({"revision": 1}, {}, None):
        again = api.post(f"{one}/publication", json=asked)
        assert (again.status_code, again.json) == (200, made)
    shown: Any = api.get(one).json
    assert shown["published"] == {**DRAFT, "number": 1, "published_at": made["published_at"]}
    assert (shown["diverged"], shown["revision"], len(rows(DesignRevision))) == (False, 1, 1)


def test_D3_a_publication_of_an_older_revision_is_refused_and_without_one_it_is_of_the_newest(
    api: Any, one: str, count: Any
) -> None:
    api.patch(one, json={"revision": 1, "body": "Second"})
    for revision in (1, 3, 2**63 - 1):
        assert refused(api.post(f"{one}/publication", json={"revision": revision})) == (409, "STALE_REVISION", [])
    assert refused(api.post(f"{one}/publication", json={"revision": 2**63})) == (400, "INVALID_INPUT", ["revision"])
    assert count(DesignRevision) == 0
    assert api.post(f"{one}/publication").json["body"] == "Second"


@pytest.mark.parametrize(
    ("part", "code", "fields"),
    [
        ({"body": "{guest.nickname} {x.y}"}, "UNRESOLVED_TOKEN", ["body", "body"]),
        ({"subject": "{guest.frstName}"}, "UNRESOLVED_TOKEN", ["subject"]),
        ({"preheader": "{guest.frstName}"}, "UNRESOLVED_TOKEN", ["preheader"]),
        ({"subject": " "}, "INVALID_INPUT", ["subject"]),
        ({"body": ""}, "INVALID_INPUT", ["body"]),
    ],
)
def test_D4_what_could_not_be_sent_is_saved_and_marked_and_not_published(
    api: Any, url: str, made: Any, count: Any, part: dict[str, str], code: str, fields: list[str]
) -> None:
    design = made(**part)
    assert refused(api.post(f"{url}/{design['id']}/publication")) == (400, code, fields)
    assert count(DesignRevision) == 0
    told = [remark["code"] for remark in design["warnings"]]
    assert ("UNRESOLVED_TOKEN" in told) == (code == "UNRESOLVED_TOKEN")


def test_D2_the_list_is_filtered_by_state_type_and_words_page_by_page(api: Any, url: str, made: Any) -> None:
    for number in range(5):
        made(name=f"Day {number}", message_type="reminder")
    night = made(name="Night", message_type="update")
    api.post(f"{url}/{night['id']}/publication")
    api.patch(f"{url}/{night['id']}", json={"revision": 1, "body": "Changed"})

    def found(query: str) -> list[str]:
        listed: Any = api.get(f"{url}?{query}").json
        assert listed["total"] == len(listed["items"]) or "per_page" in query
        return [item["name"] for item in listed["items"]]

    days = [f"Day {number}" for number in range(5)]
    assert found("") == [*days, "Night"]
    assert (found("state=draft"), found("type=reminder"), found("q=DAY")) == (days, days, days)
    assert (found("state=published"), found("state=changed"), found("type=update&q=nig")) == (["Night"],) * 3
    assert (found("state=archived"), found("q=zebra"), found("type=update&state=draft")) == ([], [], [])
    assert (found("per_page=2&page=2"), found("per_page=4&page=99")) == (["Day 2", "Day 3"], ["Day 4", "Night"])
    last: Any = api.get(f"{url}?per_page=4&page=99").json
    assert (last["page"], last["pages"], last["total"]) == (2, 2, 6)
    assert refused(api.get(f"{url}?state=open")) == (400, "INVALID_INPUT", ["state"])
    assert refused(api.get(f"{url}?type=spam")) == (400, "INVALID_INPUT", ["type"])
    assert found("q=" + "day+" * 3_000) == days


def test_D2_the_list_asks_as_often_for_many_designs_as_for_few(
    api: Any, client: Client, url: str, made: Any, count_queries: Any
) -> None:
    def asked(reader: Client) -> int:
        reader.get(url)
        with count_queries() as queries:
            assert reader.get(url).status_code == 200
        return len(queries)

    made()
    few = asked(api), asked(client)
    for number in range(20):
        made(name=f"n{number}")
    assert (asked(api), asked(client)) == few


def test_D3_a_design_is_archived_listed_there_and_brought_back(api: Any, url: str, published: str) -> None:
    for _ in range(2):
        answer = api.post(f"{published}/archiving")
        assert (answer.status_code, answer.json["archived"]) == (200, True)
    assert (api.get(url).json["total"], api.get(f"{url}?state=archived").json["total"]) == (0, 1)
    for method, path, body in (
        ("PATCH", "", {"revision": 1, "body": "x"}),
        ("POST", "/publication", {}),
        ("POST", "/revisions", {"name": "n"}),
        ("POST", "/revisions/1/restoration", {}),
    ):
        answer = api.open(published + path, method=method, json=body)
        assert refused(answer) == (409, "DESIGN_ARCHIVED", [])
    key = {"Idempotency-Key": "t"}
    assert refused(api.post(f"{published}/test-sends", json={}, headers=key)) == (409, "DESIGN_ARCHIVED", [])
    for _ in range(2):
        answer = api.post(f"{published}/restoration")
        assert (answer.status_code, answer.json["archived"], answer.json["published"]["number"]) == (200, False, 1)
    assert api.get(url).json["total"] == 1


def test_D1_a_copy_is_a_design_of_its_own_here_or_in_an_event_that_one_sees(
    app: Flask, api: Any, owner: Any, published: str, event_id: int, add_event: Any, count: Any
) -> None:
    api.patch(published, json={"revision": 1, "body": "Draft"})
    other, secret = add_event(), add_event(owner, restricted=True)
    for body, event, name in (({}, event_id, "Copy of Save the date"), ({"event": str(other)}, other, "Save the date")):
        answer = api.post(f"{published}/copies", json=body)
        assert (answer.status_code, answer.location) == (
            201, f"/admin/events/{event}/email-templates/{answer.json['id']}",
        )  # fmt: skip
        copy: Any = answer.json
        assert (copy["name"], copy["draft"]["body"], copy["published"], copy["revision"]) == (name, "Draft", None, 1)
        assert api.get(answer.location).json == copy
    before = count(Design)
    for event in (str(secret), "999", "x", "9" * 30):
        assert refused(api.post(f"{published}/copies", json={"event": event})) == (400, "INVALID_INPUT", ["event"])
    assert count(Design) == before
    with app.app_context():
        assert seeding.event(secret).restricted is True


def test_D3_a_design_is_deleted_with_204_unless_a_message_names_it(
    api: Any, event_id: int, published: str, made: Any, url: str, count: Any
) -> None:
    draft = {"kind": "one_time", "draft": True, "design": {"id": published.rpartition("/")[2]}}
    mailing = api.post(f"/admin/events/{event_id}/mailings", json=draft, headers={"Idempotency-Key": "d"})
    assert mailing.status_code == 202
    answer = api.delete(published)
    assert refused(answer) == (409, "DESIGN_IN_USE", [])
    assert answer.json["detail"].startswith("1 message names this design, so it was not deleted.")
    other = f"{url}/{made()['id']}"
    deleted = api.delete(other)
    assert (deleted.status_code, deleted.data, api.delete(other).status_code) == (204, b"", 404)
    assert (count(Design), count(AuditEntry, AuditEntry.action == "design.deleted")) == (1, 1)


def test_D3_revisions_are_listed_newest_first_and_restored_into_the_draft(api: Any, published: str) -> None:
    api.patch(published, json={"revision": 1, "body": "Second"})
    kept = api.post(f"{published}/revisions", json={"name": "Before lunch", "revision": 2})
    assert (kept.status_code, kept.json["number"], kept.json["published_at"]) == (201, 2, None)
    assert refused(api.post(f"{published}/revisions", json={"name": ""})) == (400, "INVALID_INPUT", ["name"])
    assert refused(api.post(f"{published}/revisions", json={"name": "n", "revision": 1})) == (
        409, "STALE_REVISION", [],
    )  # fmt: skip
    api.patch(published, json={"revision": 2, "body": "Third"})
    answer = api.post(f"{published}/revisions/1/restoration")
    assert (answer.status_code, answer.json["draft"], answer.json["revision"]) == (200, DRAFT, 4)
    listed: Any = api.get(f"{published}/revisions").json
    assert (listed["total"], [(one["number"], one["name"], one["body"]) for one in listed["items"]]) == (
        3, [(3, "Before version 1 was restored", "Third"), (2, "Before lunch", "Second"), (1, "", WRITTEN["body"])],
    )  # fmt: skip
    for number in ("4", "0", "9" * 30, "x"):
        assert problem(api.post(f"{published}/revisions/{number}/restoration")) == (404, "NOT_FOUND")


def test_D3_a_revision_names_the_messages_that_wait_with_it(
    api: Any, published: str, event_id: int, add_guests: Any
) -> None:
    add_guests(1)
    body = {"kind": "one_time", "design": {"id": published.rpartition("/")[2]}, "audience": {"statuses": ["confirmed"]},
            "send_at": "2027-06-01T10:00", "timezone": "UTC"}  # fmt: skip
    mailing = api.post(f"/admin/events/{event_id}/mailings", json=body, headers={"Idempotency-Key": "m"}).json
    listed: Any = api.get(f"{published}/revisions").json
    assert [one["mailings"] for one in listed["items"]] == [[mailing["id"]]]
    api.post(f"/admin/events/{event_id}/mailings/{mailing['id']}/cancellation")
    listed = api.get(f"{published}/revisions").json
    assert [one["mailings"] for one in listed["items"]] == [[]]


def test_G7_the_preview_of_a_snapshot_fills_subject_and_body_for_the_guest_that_is_named(
    api: Any, published: str, add_guests: Any
) -> None:
    ada, ben = add_guests([{"email": "a@x.org", "first_name": "Ada", "last_name": "A"},
                           {"email": "b@x.org", "first_name": "", "last_name": "B"}])  # fmt: skip
    api.patch(published, json={"revision": 1, "subject": "Draft for {guest.firstName}", "body": "**Now**"})
    first: Any = api.get(f"{published}/preview").json
    assert (first["subject"], first["text"].splitlines()[0]) == ("Hi Ada", "Come to Fixture Gala.")
    assert first["fallbacks"] == []
    other: Any = api.get(f"{published}/preview?snapshot=draft&guest={ben}").json
    assert (other["subject"], other["text"].splitlines()[0], other["fallbacks"]) == (
        "Draft for there", "Now", ["guest.firstName"],
    )  # fmt: skip
    assert "<strong" in other["html"]
    assert refused(api.get(f"{published}/preview?snapshot=newest")) == (400, "INVALID_INPUT", ["snapshot"])
    for guest in ("999", "x"):
        assert problem(api.get(f"{published}/preview?guest={guest}")) == (404, "NOT_FOUND")
    assert ada != ben


def test_D3_an_archived_design_can_be_read_and_so_can_each_published_version(api: Any, published: str) -> None:
    api.patch(published, json={"revision": 1, "subject": "Second"})
    api.post(f"{published}/publication")
    api.post(f"{published}/archiving")
    assert api.get(f"{published}/preview").json["subject"] == "Second"
    assert api.get(f"{published}/preview?number=1").json["subject"] == "Hi there"
    assert refused(api.get(f"{published}/preview?number=9"))[0] == 404


def test_D3_the_preview_of_what_was_never_published_says_so(api: Any, one: str) -> None:
    assert refused(api.get(f"{one}/preview?snapshot=published")) == (409, "NOT_PUBLISHED", [])
    shown: Any = api.get(f"{one}/preview").json
    assert shown["subject"] == "Hi there"
