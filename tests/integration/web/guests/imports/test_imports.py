"""Importing guests over HTTP, by a program: one request, the report is the answer."""

import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from eventmail.domain.imports import csv_text
from eventmail.models import AuditEntry, Guest, GuestField, GuestTag

NO_ADDRESS = "“bad” is not an email address: It needs one @-sign, and at most 254 characters."
AWKWARD = Path(__file__).parents[4] / "files" / "imports"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/guests"


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


def test_a_program_may_send_the_file_as_a_field_of_a_form(api: Any, url: str, count: Any) -> None:
    def form(**fields: str) -> dict[str, Any]:
        return {"file": (io.BytesIO(b"email\na@x.test\n"), "g.csv"), **fields}

    dry = api.post(f"{url}/import", data=form(dry_run="1"))
    assert (dry.status_code, dry.json["created"], count(Guest)) == (200, 1, 0)
    done = api.post(f"{url}/import", data=form())
    assert (done.status_code, done.json["created"], count(Guest)) == (200, 1, 1)


TEXT = "email;name\nana@x.test;Ana Müller\n"


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        (TEXT.encode(), ""),
        (TEXT.encode("utf-8-sig"), ""),
        (TEXT.encode("utf-16"), ""),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), ""),
        (TEXT.encode("utf-16-le"), "; charset=utf-16le"),
        (TEXT.encode("cp1252"), ""),
        (TEXT.encode("cp1252"), "; charset=utf-8"),  # what libraries say without looking
        (TEXT.encode("latin-1"), '; charset="ISO-8859-1"'),
        (TEXT.encode("mac-roman"), "; charset=macintosh"),
    ],
)
def test_every_usual_encoding_is_read(api: Any, url: str, row: Any, data: bytes, charset: str) -> None:
    answer = api.post(f"{url}/import", data=data, content_type=f"text/csv{charset}")
    assert (answer.status_code, answer.json["created"]) == (200, 1)
    assert row(Guest).full_name == "Ana Müller"


@pytest.mark.parametrize(
    ("data", "charset"),
    [(TEXT.encode(), "utf-7"), (TEXT.encode(), "no such thing"), (b"email\na@x.test,\xff\xff\n", "utf-16")],
)
def test_a_charset_that_is_unknown_or_wrong_is_400(api: Any, url: str, count: Any, data: bytes, charset: str) -> None:
    answer = api.post(f"{url}/import", data=data, content_type=f'text/csv; charset="{charset}"')
    assert (answer.status_code, answer.json["code"], count(Guest)) == (400, "INVALID_INPUT", 0)


@pytest.mark.parametrize(
    "data",
    [
        b"", PNG, PNG.replace(b"\0", b""), b"PK\x03\x04zip", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old spreadsheet",
        b"name\nAna\n", b'"email\n', b'"', b"email\na\0b@x.test\n", b"a@x.test\nb@x.test\n",
        b"email," + b",".join(b"c%d" % n for n in range(10_000)) + b"\na@x.test\n",
        b"email,n\na@x.test," + b"x" * (csv_text.MOST_BYTES // 2) + b",\x81\n",
        b"email," + b"x" * 1_000_000 + b"\na@x.test,1\n", b"sep=|\nemail|n\n",
        b"email,E-Mail\na@x.test,b@x.test\n",
    ],
    ids=[
        "empty", "PNG", "PNG without a zero", "zip", "xls", "no address column", "open header", "lone quote", "NUL",
        "no header", "10 000 columns", "no text", "giant heading", "unknown delimiter", "twice",
    ],
)  # fmt: skip
def test_a_file_that_is_no_guest_list_is_400_and_changes_nothing(api: Any, url: str, count: Any, data: bytes) -> None:
    entries = count(AuditEntry)
    for query in ("?dry_run=1", ""):
        answer = api.post(f"{url}/import{query}", data=data, content_type="text/csv")
        assert (answer.status_code, answer.json["code"]) == (400, "INVALID_INPUT")
        assert answer.json["detail"].endswith(".")
    assert (count(Guest), count(GuestField), count(AuditEntry)) == (0, 0, entries)


def test_a_file_too_large_is_413_and_is_never_held_in_memory(
    api: Any, url: str, count: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Endless(io.RawIOBase):
        """50 MB of rows, as they come over the wire."""

        given = 0

        def tell(self) -> int:
            return self.given

        def seek(self, offset: int, whence: int = 0) -> int:
            self.given = 50_000_000 if whence == 2 else offset
            return self.given

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            size = min(len(buffer), 50_000_000 - self.given)
            self.given += size
            buffer[:size] = (b"a@x.test\n" * (size // 9 + 1))[:size]
            return size

    seen: list[int] = []
    monkeypatch.setattr("eventmail.domain.imports.run.run", lambda _event, data, *_, **__: seen.append(len(data)))
    body = Endless()
    tracemalloc.start()
    try:
        answer = api.post(f"{url}/import", input_stream=body, content_length=50_000_000, content_type="text/csv")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 35_000_000
    assert (answer.status_code, answer.json["code"], seen, body.given) == (413, "TOO_LARGE", [], 50_000_000)
    assert "25 MB" in answer.json["detail"]


def test_any_other_kind_of_body_is_400(api: Any, url: str) -> None:
    for kind in ("application/x-www-form-urlencoded", "application/octet-stream", "application/json"):
        answer = api.post(f"{url}/import", data="email\na@x.test\n", content_type=kind)
        assert (answer.status_code, answer.json["code"]) == (400, "INVALID_INPUT")
        assert "text/csv" in answer.json["detail"]


@pytest.mark.parametrize("path", sorted(AWKWARD.glob("*.csv")), ids=lambda path: path.stem)
def test_an_awkward_file_does_what_is_written_beside_it(api: Any, url: str, path: Path, rows: Any, count: Any) -> None:
    """Each file has a `.json`: counts, [line, code] of the rejected, and [address, name, status, tags, own columns]."""
    expected = json.loads(path.with_suffix(".json").read_text())
    dry = api.post(f"{url}/import?dry_run=1", data=path.read_bytes(), content_type="text/csv")
    assert (dry.status_code, count(Guest), count(GuestField)) == (200, 0, 0)
    done = api.post(f"{url}/import", data=path.read_bytes(), content_type="text/csv")
    assert (done.status_code, done.json) == (200, dry.json)
    tags = {guest.id: [tag.tag for tag in rows(GuestTag, GuestTag.guest_id == guest.id)] for guest in rows(Guest)}
    assert {
        "created": done.json["created"],
        "rejected": [[bad["line"], bad["code"]] for bad in done.json["rejected"]],
        "guests": [
            [guest.email, guest.full_name, guest.status, tags[guest.id], guest.attributes] for guest in rows(Guest)
        ],
    } == expected
    again = api.post(f"{url}/import", data=path.read_bytes(), content_type="text/csv")
    assert (again.json["created"], again.json["updated"], again.json["rejected"]) == (0, 0, done.json["rejected"])


def test_nobody_imports_into_an_event_that_is_not_theirs(
    api: Any, client: Any, visitor: Any, add_event: Any, owner: Any, count: Any
) -> None:
    theirs = f"/admin/events/{add_event(owner, restricted=True)}/guests"
    answer = api.post(f"{theirs}/import", data="email\na@x.test\n", content_type="text/csv")
    assert answer.status_code == 404
    pages = ("import", "import/" + "a" * 16, "export")
    assert [client.get(f"{theirs}/{page}").status_code for page in pages] == [404] * 3
    assert client.submit(f"{theirs}/import/{'a' * 16}", {"action": "import"}).status_code == 404
    assert visitor.get(f"{theirs}/export", headers={"Accept": "application/json"}).status_code == 401
    assert count(Guest) == 0
