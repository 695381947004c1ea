"""Who would get it, and who would not."""

import csv
import io
from typing import Any

from eventmail import clock
from eventmail.models import Content, Suppression
from tests.support.web import refused
from tests.support.written import BODY


def test_an_audience_preview_counts_and_names_five(api: Any, event_id: int, party: list[int], count: Any) -> None:
    answer = api.post(f"/admin/events/{event_id}/audience-previews", json={"audience": BODY["audience"]})
    told = answer.get_json()
    assert len(told.pop("snapshot")) == 24
    assert (answer.status_code, told) == (
        200,
        {
            "count": 2,
            "excluded": [{"reason": "duplicate_address", "count": 1}],
            "sample": [
                {"id": str(party[0]), "email": "Ada@guests.org", "first_name": "Ada", "last_name": "Lovelace"},
                {"id": str(party[1]), "email": "ben@guests.org", "first_name": "Ada", "last_name": "Lovelace"},
            ],
            "warnings": [],
        },
    )
    assert count(Content) == 0


def test_C8_with_a_text_the_preview_says_who_gets_no_link_and_who_reads_a_fallback(
    api: Any, event_id: int, party: list[int], count: Any
) -> None:
    text = {"subject": "S", "preheader": "P", "body": "[Write](mailto:{guest.lastName}) {event.url}"}
    body = {"audience": BODY["audience"], **text}
    told = api.post(f"/admin/events/{event_id}/audience-previews", json=body).get_json()["warnings"]
    assert [(each["code"], each["part"], each["count"]) for each in told] == [
        ("FALLBACK", "body", 2), ("NO_LINK", "body", 2),
    ]  # fmt: skip
    assert told[1]["message"] == ("2 guests get no link: what stands in “Last name” is no address. It is read as text.")
    dry = api.post(f"/admin/events/{event_id}/mailings", json={"kind": "one_time", "dry_run": True, **body})
    assert (dry.get_json()["warnings"], count(Content)) == (told, 0)


def test_C5_C8_with_a_text_the_preview_says_what_of_its_markdown_is_not_read_as_meant(
    api: Any, event_id: int, party: list[int]
) -> None:
    body = (
        "[click here](https://gala.org) **bold\n\n[plan](https://gala.org/my plan)\n\n##Food\n\n# A\n\n### B\n\n[x]()"
    )
    text = {"subject": "S", "preheader": "P", "body": body}
    url = f"/admin/events/{event_id}/audience-previews"
    told = api.post(url, json={"audience": BODY["audience"], **text}).get_json()["warnings"]
    codes = ["VAGUE_LINK", "STRAY_MARK", "LINK_NOT_READ", "HEADING_NOT_READ", "HEADING_SKIPPED", "LINK_WITHOUT_ADDRESS"]
    assert [(each["code"], each["part"], each["count"]) for each in told] == [(code, "body", None) for code in codes]


def test_an_audience_preview_of_nobody_is_a_count_of_zero_a5(api: Any, event_id: int) -> None:
    answer = api.post(f"/admin/events/{event_id}/audience-previews", json={"audience": BODY["audience"]})
    told = answer.get_json()
    assert len(told.pop("snapshot")) == 24
    assert (answer.status_code, told) == (200, {"count": 0, "excluded": [], "sample": [], "warnings": []})


def test_an_audience_preview_refuses_what_a_send_refuses(api: Any, event_id: int) -> None:
    url = f"/admin/events/{event_id}/audience-previews"
    assert refused(api.post(url, json={"audience": {}})) == (400, "INVALID_AUDIENCE", ["audience"])
    assert refused(api.post(url, json={})) == (400, "INVALID_INPUT", ["audience"])
    assert refused(api.post(url, json={"audience": {}, "snapshot": 1})) == (400, "INVALID_INPUT", ["snapshot"])


def test_who_is_left_out_as_json_and_csv_a2(
    api: Any, client: Any, event_id: int, party: list[int], writing: Any
) -> None:
    with writing() as tx:
        tx.add(Suppression(address="ben@guests.org", scope="all", reason="hard_bounce", source="test",
                           created_at=clock.now()))  # fmt: skip
    url = f"/admin/events/{event_id}/messages/exclusions?statuses=confirmed"
    items = api.get(url).json["items"]
    assert [(item["id"], item["reason"], item["shares_with"]) for item in items] == [
        (str(party[2]), "duplicate_address", str(party[0])), (str(party[1]), "bounced", None),
    ]  # fmt: skip
    lines = list(csv.reader(io.StringIO(client.get(f"{url}&format=csv", buffered=True).text.removeprefix("\ufeff"))))
    assert lines == [
        ["email", "first_name", "last_name", "reason"], ["ada@guests.org", "Ada", "Lovelace", "sharing an address"],
        ["ben@guests.org", "Ada", "Lovelace", "bounced"],
    ]  # fmt: skip
    page = client.get(url)
    assert (page.status_code, "ben@guests.org" in page.text, "Ada@guests.org" in page.text) == (200, True, False)
