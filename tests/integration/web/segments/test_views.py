"""Segments over HTTP: JSON, and the pages without script."""

import re
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from eventmail.domain.guests import values
from eventmail.models import AuditEntry, Mailing, Recipient, Segment
from tests.support import seeding
from tests.support.web import Client

VIP = {"all": [{"field": "tag", "op": "is", "value": "vip"}]}
FORM = {"name": "VIP", "match": "all", "field": ["tag"], "op": ["is"], "value": ["vip"]}


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/segments"


@pytest.fixture
def party(add_guests: Any) -> list[int]:
    return add_guests(
        [
            {"email": "ana@guests.org", "first_name": "Ana", "last_name": "Abel", "tags": ("vip",)},
            {"email": "bo@guests.org", "first_name": "<b>Bo</b>", "last_name": "Berg", "tags": ("VIP", "press")},
            {"email": None, "first_name": "Cem", "last_name": "", "status": "invited"},
        ]
    )


def made(api: Client, url: str, **body: Any) -> str:
    answer = api.post(url, json={"name": "VIP", "rule": VIP, **body})
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])  # type: ignore[index]


def words(answer: TestResponse) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", re.sub("</?bdi>", "", answer.text)).split()))


def counted(answer: TestResponse) -> list[str]:
    return re.findall(r'data-count="(\d+)"', answer.text)


def errors(answer: TestResponse) -> list[tuple[str, str]]:
    body: Any = answer.json
    return [(error["field"], error["code"]) for error in body["errors"]]


# JSON


def test_a_segment_is_made_read_changed_and_removed(api: Client, url: str, party: list[int], count: Any) -> None:
    answer = api.post(url, json={"name": "VIP", "rule": VIP, "guests": [str(party[2])]})
    one = answer.headers["Location"]
    whole = {
        "id": one.rpartition("/")[2],
        "name": "VIP",
        "rule": VIP,
        "count": 3,
        "picked": 1,
        "guests": [str(party[2])],
        "readings": [],
        "reads_otherwise": None,
    }
    assert (answer.status_code, answer.json, api.get(one).json) == (201, whole, whole)
    listed = {name: whole[name] for name in ("id", "name", "rule", "count", "picked")}
    assert api.get(url).json == {"items": [listed], "page": 1, "pages": 1, "total": 1}
    answer = api.patch(
        one, json={"rule": {"any": [{"field": "tags", "op": "is not", "value": "press"}]}, "guests": None}
    )
    rule = {"any": [{"field": "tag", "op": "is_not", "value": "press"}]}
    assert (answer.status_code, answer.json) == (200, {**whole, "rule": rule, "count": 2, "picked": 0, "guests": []})
    assert (api.delete(one).status_code, api.get(one).status_code, count(Segment)) == (204, 404, 0)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, [("name", "REQUIRED")]),
        ({"name": "x"}, [("rule", "REQUIRED")]),
        ({"name": None, "rule": VIP}, [("name", "REQUIRED")]),
        ({"name": "x", "rule": []}, [("rule", "DICT_TYPE")]),
        ({"name": "x", "rule": {}}, [("rule", "INVALID_RULE")]),
        ({"name": "x", "rule": {"all": []}}, [("rule.all", "EMPTY_RULE")]),
        (
            {"name": "x", "rule": {"all": [VIP["all"][0], {"field": "tag", "op": "is"}]}},
            [("rule.all.1.value", "REQUIRED")],
        ),
        ({"name": "x", "rule": VIP, "color": "red"}, [("color", "EXTRA_FORBIDDEN")]),
        ({"name": "x", "guests": [1]}, [("guests.0", "STRING_TYPE")]),
    ],
)
def test_what_cannot_be_is_400_naming_the_part(api: Client, url: str, body: Any, wrong: Any, count: Any) -> None:
    answer = api.post(url, json=body)
    assert (answer.status_code, answer.json["code"], sorted(errors(answer))) == (400, "INVALID_INPUT", sorted(wrong))  # type: ignore[index]
    assert (count(Segment), count(AuditEntry, AuditEntry.action.startswith("segment."))) == (0, 0)


def test_a_segment_of_another_event_is_404_and_no_audience(
    api: Client, url: str, add_event: Any, party: list[int]
) -> None:
    foreign = made(api, f"/admin/events/{add_event()}/segments")
    for path in ("", "/deletion"):
        assert api.get(f"{url}/{foreign}{path}").status_code == 404
    for path in ("/copy", "/deletion", "/preview"):
        assert api.post(f"{url}/{foreign}{path}").status_code == 404
    assert (api.patch(f"{url}/{foreign}", json={}).status_code, api.delete(f"{url}/{foreign}").status_code) == (
        404,
        404,
    )
    for part in ("segments", "exclude_segments"):
        body = {"audience": {"statuses": ["confirmed"], part: [foreign]}}
        answer = api.post(url.replace("segments", "audience-previews"), json=body)
        assert (answer.status_code, answer.json["code"]) == (400, "INVALID_AUDIENCE")  # type: ignore[index]
        assert errors(answer) == [(f"audience.{part}", "UNKNOWN_SEGMENT")]
        assert f"“{foreign}”" in answer.json["detail"]  # type: ignore[index]


# An audience with segments


def test_A1_segments_join_statuses_and_picked_guests_and_excluded_ones_leave(
    api: Client, url: str, party: list[int], rows: Any, row: Any
) -> None:
    vip, press = (
        made(api, url),
        made(api, url, name="Press", rule={"all": [{"field": "tag", "op": "is", "value": "press"}]}),
    )
    audience = {"statuses": ["invited"], "segments": [vip], "exclude_segments": [press]}
    answer = api.post(url.replace("segments", "audience-previews"), json={"audience": audience})
    assert (answer.json["count"], answer.json["excluded"]) == (1, [{"reason": "no_address", "count": 1}])  # type: ignore[index]
    body = {"kind": "one_time", "subject": "Hi", "body": "Come", "audience": audience}
    sent = api.post(url.replace("segments", "mailings"), json=body, headers={"Idempotency-Key": "a"})
    assert (sent.status_code, [recipient.email for recipient in rows(Recipient)]) == (202, ["ana@guests.org"])
    assert row(Mailing).audience == {
        "statuses": ["invited"], "segments": [vip], "guests": [], "exclude_segments": [press],
        "segment_names": ["VIP"], "exclude_segment_names": ["Press"],
    }  # fmt: skip
    page = api.get(url.replace("segments", f"mailings/{row(Mailing).id}"), headers={"Accept": "text/html"})
    assert "To invited guests and guests in “VIP”, but nobody in “Press”, as they were when it was sent." in words(page)


def test_A1_excluded_segments_alone_select_nobody(api: Client, url: str, party: list[int]) -> None:
    body = {"audience": {"exclude_segments": [made(api, url)]}}
    answer = api.post(url.replace("segments", "audience-previews"), json=body)
    assert (answer.status_code, errors(answer)) == (400, [("audience", "REQUIRED")])


def test_A5_a_segment_of_nobody_is_no_recipients_and_nothing_is_queued(
    api: Client, url: str, party: list[int], count: Any
) -> None:
    nobody = made(api, url, name="Nobody", rule={"all": [{"field": "tag", "op": "is", "value": "nobody"}]})
    body = {"kind": "one_time", "subject": "Hi", "body": "Come", "audience": {"segments": [nobody]}}
    answer = api.post(url.replace("segments", "mailings"), json=body, headers={"Idempotency-Key": "a"})
    assert (answer.status_code, answer.json["code"]) == (409, "NO_RECIPIENTS")  # type: ignore[index]
    assert (answer.json["detail"], count(Mailing)) == ("No recipients match this audience.", 0)  # type: ignore[index]


def test_a_review_names_the_segments_in_words(client: Client, api: Client, url: str, party: list[int]) -> None:
    typed = {"subject": "Hi", "body": "Come", "segments": [made(api, url)], "guests": [str(party[2])]}
    answer = client.submit(url.replace("segments", "messages/review"), typed)
    assert "to 2 guests (guests in “VIP” and 1 picked by hand) now" in words(answer)


def test_a_removed_segment_is_not_left_out_in_silence(client: Client, api: Client, url: str, party: list[int]) -> None:
    gone = made(api, url)
    api.delete(f"{url}/{gone}")
    typed = {"subject": "Hi", "body": "Come", "statuses": ["confirmed"], "exclude_segments": [gone]}
    page = client.submit(url.replace("segments", "messages/preview"), typed)
    assert f'name="exclude_segments" value="{gone}" checked' in page.text
    assert "The segment “VIP” was removed. Untick it, or choose another." in words(page)
    refused = client.submit(url.replace("segments", "messages/review"), typed)
    assert (refused.status_code, 'data-error-code="INVALID_AUDIENCE"' in refused.text) == (400, True)


# Pages without script


def test_the_form_makes_a_segment_and_the_list_counts_it(client: Client, url: str, party: list[int]) -> None:
    assert client.submit(url, FORM).status_code == 303
    page = client.get(url)
    assert ("“VIP” was saved." in words(page), "Tag is vip" in words(page), counted(page)) == (True, True, ["2"])


def test_the_form_shows_the_count_and_five_samples_while_it_is_typed(
    client: Client, url: str, party: list[int], count: Any
) -> None:
    page = client.submit(f"{url}/preview", FORM)
    assert (page.status_code, counted(page), count(Segment)) == (200, ["2"], 0)
    assert "Ana Abel ana@guests.org" in words(page)
    assert "&lt;b&gt;Bo&lt;/b&gt; Berg" in page.text
    unfinished = client.submit(f"{url}/preview", {**FORM, "value": [""]})
    assert (counted(unfinished), "Say what to compare with" in words(unfinished)) == ([], True)


def fields(page: TestResponse) -> list[str]:
    return re.findall(r'<option value="([^"]*)" selected', page.text)


def test_a_condition_is_added_and_removed_by_buttons(client: Client, url: str, party: list[int]) -> None:
    two = {**FORM, "field": ["tag", "email"], "op": ["is", "contains"], "value": ["vip", "@"]}
    added = client.submit(f"{url}/preview", {**two, "do": "add"})
    assert added.text.count('data-test="segment-condition"') == 3
    removed = client.submit(f"{url}/preview", {**two, "do": "remove:0"})
    assert (removed.text.count('data-test="segment-condition"'), fields(removed)) == (1, ["email", "contains"])
    for do in ("remove:9", "remove:x", "remove:", "nonsense"):
        assert client.submit(f"{url}/preview", {**two, "do": do}).text.count('data-test="segment-condition"') == 2


def test_a_refused_form_keeps_what_was_typed_and_says_what_is_wrong_beside_it(client: Client, url: str) -> None:
    typed = {"name": "", "match": "any", "field": ["", "status", "tag"], "op": ["is", "is", "is"],
             "value": ["", "invited", " "]}  # fmt: skip
    answer = client.submit(url, typed)
    assert (answer.status_code, fields(answer)[:3]) == (400, ["status", "is", "invited"])
    assert re.search(r'id="value-1-error".*Say what to compare with', answer.text, re.DOTALL)
    assert 'id="name-error"' in answer.text


def test_guests_are_found_by_name_or_address_and_picked(client: Client, url: str, party: list[int], row: Any) -> None:
    found = client.submit(f"{url}/preview", {"name": "P", "find": "bérg", "guests": [str(party[0])]})
    assert re.findall(r'name="guests" value="(\d+)"( checked)?', found.text) == [
        (str(party[0]), " checked"), (str(party[1]), ""),
    ]  # fmt: skip
    part = client.submit(f"{url}/guests", {"find": "nobody-at-all"})
    assert "Nobody is found for “nobody-at-all”." in words(part)
    assert (
        client.submit(url, {"name": "P", "field": [""], "op": ["is"], "value": [""], "guests": party[:2]}).status_code
        == 303
    )
    assert row(Segment).rule is None


def test_a_search_never_shows_guests_of_another_event(client: Client, url: str, add_event: Any, app: Any) -> None:
    with app.app_context():
        foreign = seeding.add_guest(add_event(), "secret@guests.org", first_name="Secret")
    part = client.submit(f"{url}/guests", {"find": "secret", "guests": [str(foreign)]})
    assert "guests.org" not in part.text


def test_a_copy_is_opened_and_a_removal_is_asked_for_first(client: Client, api: Client, url: str, count: Any) -> None:
    one = made(api, url)
    copied = client.submit(f"{url}/{one}/copy")
    assert (copied.status_code, "VIP (copy)" in client.get(copied.headers["Location"]).text) == (303, True)
    asked = client.get(f"{url}/{one}/deletion")
    assert ("Remove this segment?" in words(asked), count(Segment)) == (True, 2)
    assert client.submit(f"{url}/{one}/deletion").status_code == 303
    assert (count(Segment), "was removed. Its guests are still on the list." in words(client.get(url))) == (1, True)


def test_a_segment_in_use_says_by_what(client: Client, api: Client, url: str, party: list[int]) -> None:
    one = made(api, url)
    body = {"kind": "one_time", "subject": "Save <i>the</i> date", "body": "x", "audience": {"segments": [one]}}
    api.post(url.replace("segments", "mailings"), json=body, headers={"Idempotency-Key": "a"})
    for path in ("", "/deletion"):
        page = client.get(f"{url}/{one}{path}")
        assert "which is still sending; those recipients stay as they were frozen." in words(page)
        assert "“Save &lt;i&gt;the&lt;/i&gt; date”" in page.text


# How a rule is read


@pytest.fixture
def tables(event_id: int, add_guests: Any, writing: Any) -> None:
    """Guests at tables 9, 9.0 and 1,000."""
    with writing() as tx:
        values.record_columns(tx, event_id, ["Table"])
    add_guests(
        [{"email": f"{n}@x.test", "attributes": {"Table": text}} for n, text in enumerate(("9", "9.0", "1,000"))]
    )


def table_is(value: str, op: str = "is") -> dict[str, Any]:
    return {"all": [{"field": "Table", "op": op, "value": value}]}


def typed(value: str, op: str = "is") -> dict[str, Any]:
    return {"name": "T", "match": "all", "field": ["Table"], "op": [op], "value": [value]}


def test_an_ambiguous_value_says_how_it_is_read_while_it_is_typed_and_to_programs(
    client: Client, api: Client, url: str, tables: None
) -> None:
    said = "“1,000” is read as 1, since one comma is the decimal mark. Write 1000 if that is meant."
    page = client.submit(f"{url}/preview", typed("1,000"))
    assert (counted(page), said in words(page)) == (["1"], True)
    assert 'data-test="segment-readings"' not in client.submit(f"{url}/preview", typed("9")).text
    one = made(api, url, rule=table_is("1,000"))
    body: Any = api.get(f"{url}/{one}").json
    assert body["readings"] == [
        {"condition": 0, "field": "Table", "value": "1,000", "ambiguous": True, "message": said},
        {"condition": None, "field": "Table", "value": "1,000", "ambiguous": True,
         "message": f"1 guest has in “Table” what may be read otherwise. {said}"},
    ]  # fmt: skip
    page = client.submit(f"{url}/preview", typed("05/01/2027", "before"))
    assert "it could be 5 January 2027 or 1 May 2027. Write 2027-01-05 or 2027-05-01." in words(page)


def test_a_segment_saved_before_says_what_would_change_until_it_is_saved_again(
    client: Client, api: Client, url: str, tables: None, writing: Any
) -> None:
    one = made(api, url, rule=table_is("9"))
    with writing() as tx:
        tx.get_one(Segment, int(one)).reading = 1
    body: Any = api.get(f"{url}/{one}").json
    assert (body["count"], body["reads_otherwise"]) == (1, {"count": 2, "joins": 1, "leaves": 0})
    page = client.get(f"{url}/{one}")
    assert "compare letters alone, and 1 guest is in it. Saved," in words(page)
    assert "1 joins, so it has 2." in words(page)
    seen = unescape(re.findall(r'name="seen" value="([^"]*)"', page.text)[0])
    saved = client.submit(f"{url}/{one}", {**typed("9"), "seen": seen})
    assert (saved.status_code, api.get(f"{url}/{one}").json["reads_otherwise"]) == (303, None)  # type: ignore[index]
    assert "segment-reads-otherwise" not in client.get(f"{url}/{one}").text
