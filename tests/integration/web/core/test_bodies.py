"""A request costs little whatever it brings: fields, parts, members, and what is repeated of it."""

import json
from typing import Any

import pytest

from eventmail.web.core import bodies
from tests.support.web import Client


@pytest.mark.parametrize(("fields", "status"), [(bodies.MOST_FIELDS, 404), (bodies.MOST_FIELDS + 1, 413)])
def test_a_form_has_so_many_fields(event_id: int, client: Client, fields: int, status: int) -> None:
    form = {"csrf_token": client.csrf_token(), "action": "none", **{f"f{n}": "" for n in range(fields - 2)}}
    answer = client.post(f"/admin/events/{event_id}/segments/99/deletion", data=form)
    assert answer.status_code == status
    assert ("at most 10,000 fields" in answer.text) == (status == 413)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_form_in_too_many_parts_is_413_in_words(event_id: int, api: Client, accept: str) -> None:
    part = '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    answer = api.post(
        f"/admin/events/{event_id}/guests",
        data=part * 45_000 + "--B--\r\n",
        content_type="multipart/form-data; boundary=B",
        headers={"Accept": accept},
    )
    assert (answer.status_code, "larger than what is taken here" in answer.text) == (413, True)


def test_an_object_has_so_many_members(event_id: int, api: Client) -> None:
    answer = api.post(f"/admin/events/{event_id}/segments", json={f"k{n}": 1 for n in range(1_001)})
    told = json.loads(answer.data)
    assert (answer.status_code, told["code"], told["errors"]) == (400, "INVALID_INPUT", [])
    assert "The body has 1,001 members." in told["detail"]


@pytest.mark.parametrize(
    "body", [{"timezone": "../" * 300_000}, {"x" * 900_000: 1}, {f"{n}" * 900: "x" for n in range(1_000)}]
)
def test_a_refusal_repeats_little_of_what_was_sent(event_id: int, api: Client, body: dict[str, Any]) -> None:
    answer = api.patch(f"/admin/events/{event_id}", json=body)
    assert answer.status_code == 400
    assert len(answer.data) < 200_000


FOREIGN = "".join(f"a{n}@m\u00fcnchen.example\n" for n in range(2_001))


@pytest.mark.parametrize(
    ("path", "sent", "said"),
    [
        ("guests/import", {"data": f"email\n{FOREIGN}", "content_type": "text/csv; charset=utf-8"}, "split the list"),
        (
            "guests/import",
            {"data": "email" + "," * 16_384, "content_type": "text/csv"},
            "The first line has 16,385 cells",
        ),
        ("guests/paste", {"json": {"addresses": FOREIGN}}, "split the list"),
        ("suppressions/import", {"data": FOREIGN, "content_type": "text/csv; charset=utf-8"}, "split the list"),
    ],
    ids=["a file", "a wide file", "pasted", "do-not-mail"],
)
def test_a_list_that_costs_more_than_it_is_long_is_refused(
    event_id: int, api: Client, path: str, sent: dict[str, Any], said: str
) -> None:
    answer = api.post(f"/admin/events/{event_id}/{path}", **sent)
    assert (answer.status_code, said in json.loads(answer.data)["detail"]) == (400, True)
