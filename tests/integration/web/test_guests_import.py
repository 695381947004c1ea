"""Importing guests over HTTP: by a program, by a person with a form."""

import io
import re
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from eventmail.models import Guest

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"

NO_ADDRESS = "“bad” is not an email address: It needs one @-sign, and at most 254 characters."


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/guests"


def words(answer: TestResponse) -> str:
    """What a person reads."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", answer.text).split()))


def csv_upload(text: str | bytes, name: str = "guests.csv", **fields: str) -> dict[str, Any]:
    return {"file": (io.BytesIO(text if isinstance(text, bytes) else text.encode()), name), **fields}


def test_a_program_imports_a_csv_body(api: Any, url: str, rows: Any) -> None:
    text = "email,name,Table\nana@x.test,Ana Ruiz,7\nbad,Ben,\n"
    dry = api.post(f"{url}/import?dry_run=1", data=text, content_type="text/csv")
    report = {
        "created": 1, "updated": 0, "unchanged": 0,
        "rejected": [{"line": 3, "code": "INVALID_EMAIL", "message": NO_ADDRESS}],
    }  # fmt: skip
    assert (dry.status_code, dry.json, rows(Guest)) == (200, report, [])
    done = api.post(f"{url}/import", data=text, content_type="text/csv; charset=utf-8")
    assert (done.status_code, done.json) == (200, report)
    assert [(guest.email, guest.full_name, guest.attributes) for guest in rows(Guest)] == [
        ("ana@x.test", "Ana Ruiz", {"Table": "7"})
    ]
    again = api.post(f"{url}/import?dry_run=0", data=text, content_type="text/csv")
    assert (again.json["created"], again.json["unchanged"]) == (0, 1)


@pytest.mark.parametrize("data", [b"", PNG, b"name\nAna\n", "email,n\na@x.test,ü".encode("latin-1"), b'"email\n'])
def test_a_file_that_is_no_guest_list_is_400(api: Any, client: Any, url: str, count: Any, data: bytes) -> None:
    by_program = api.post(f"{url}/import", data=data, content_type="text/csv")
    assert (by_program.status_code, by_program.json["code"]) == (400, "INVALID_INPUT")
    by_form = client.submit(f"{url}/import", csv_upload(data))
    assert by_form.status_code == 400
    assert by_program.json["detail"] in words(by_form)
    assert 'data-test="guest-import-form"' in by_form.text
    assert count(Guest) == 0


def test_any_other_kind_of_body_is_400(api: Any, url: str) -> None:
    for kind in ("application/x-www-form-urlencoded", "application/octet-stream", "application/json"):
        answer = api.post(f"{url}/import", data="email\na@x.test\n", content_type=kind)
        assert (answer.status_code, answer.json["code"]) == (400, "INVALID_INPUT")
        assert "text/csv" in answer.json["detail"]


def test_a_person_uploads_a_file_and_reads_the_report(client: Any, url: str, rows: Any) -> None:
    assert client.get(f"{url}/import").status_code == 200
    text = "email;name;Notiz\r\nana@x.test;<b>Ana</b>;=SUM(A1)\r\n<i>bad</i>;Ben;\r\n"
    checked = client.submit(f"{url}/import", csv_upload(text, dry_run="1"))
    assert (checked.status_code, rows(Guest)) == (200, [])
    assert "Checked, nothing was changed" in words(checked)
    assert "Would be added 1" in words(checked)
    done = client.submit(f"{url}/import", csv_upload(text))
    assert 'data-test="guest-import-report"' in done.text
    assert "Added 1 Updated 0 Unchanged 0 Not imported 1" in words(done)
    assert re.search(r'<tr data-error-code="INVALID_EMAIL"><th scope="row" class="number fit">3</th>', done.text)
    assert "<i>bad" not in done.text
    assert [(guest.full_name, guest.attributes) for guest in rows(Guest)] == [("<b>Ana</b>", {"Notiz": "=SUM(A1)"})]
    assert "&lt;b&gt;Ana&lt;/b&gt;" in client.get(url).text
    assert "Nothing changed" in words(client.submit(f"{url}/import", csv_upload(text)))


def test_a_form_without_a_file_asks_for_one(client: Any, url: str) -> None:
    for fields in ({}, csv_upload(b"", "")):
        answer = client.submit(f"{url}/import", fields, content_type="multipart/form-data")
        assert (answer.status_code, "Choose a CSV file first." in words(answer)) == (400, True)


def test_a_long_report_shows_its_beginning_and_says_how_much_more(client: Any, url: str) -> None:
    answer = client.submit(f"{url}/import", csv_upload("email\n" + "bad\n" * 250))
    assert (answer.text.count('data-error-code="INVALID_EMAIL"'), "And 50 more lines." in words(answer)) == (200, True)
