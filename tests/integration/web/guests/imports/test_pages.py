"""Importing guests over HTTP, by a person: choose a file, look, import."""

import errno
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from eventmail.domain.guests import edit
from eventmail.domain.imports import column_mapping, csv_text, uploads
from eventmail.models import AuditEntry, Guest, GuestField, Suppression
from tests.support import seeding
from tests.support.budgets import budget
from tests.support.choosing import TEXT, chosen, csv_upload
from tests.support.web import partial, words


def test_a_person_sees_what_would_happen_and_then_it_does(
    client: Any, url: str, known: None, rows: Any, count: Any, settings: Any
) -> None:
    assert client.get(url).status_code == 200
    before = [(guest.id, guest.status, guest.updated_at) for guest in rows(Guest)]
    entries = count(AuditEntry)
    page = chosen(client, url, TEXT)
    looked = client.get(page)
    assert looked.status_code == 200
    assert "Nothing has been changed yet" in words(looked)
    assert "Would be added 1 Would be updated 2 Unchanged 1 Not imported 1" in words(looked)
    tabs = re.findall(r"[?&]show=(\w+)", looked.text)
    assert list(dict.fromkeys(tabs)) == ["status", "changed", "rejected", "new", "left"]
    assert "2 Ana Ruiz ana@x.test Status : confirmed → becomes declined Table : 7" in words(looked)
    assert "3 Ben Okafor ben@x.test Table : 8" in words(client.get(f"{page}?show=changed"))
    new = client.get(f"{page}?show=new")
    assert "<b>New" not in new.text
    assert "4 <b>New</b> שלום new@x.test Invited" in words(new)
    assert re.search(r'<tr data-error-code="INVALID_EMAIL"><th[^>]*>6</th>', client.get(f"{page}?show=rejected").text)
    assert "5 Same Person same@x.test" in words(client.get(f"{page}?show=left&page=99"))
    assert [(guest.id, guest.status, guest.updated_at) for guest in rows(Guest)] == before
    assert (count(GuestField), count(AuditEntry)) == (0, entries)

    done = client.submit(page, {"action": "import"})
    assert (done.status_code, done.location) == (303, page)
    assert [(guest.full_name, guest.status, guest.attributes) for guest in rows(Guest)] == [
        ("Ana Ruiz", "declined", {"Table": "7"}), ("Ben Okafor", "confirmed", {"Table": "8"}),
        ("Same Person", "confirmed", {}), ("<b>New</b> שלום", "invited", {}),
    ]  # fmt: skip
    for _ in range(2):  # and after a reload
        assert "Added 1 Updated 2 Unchanged 1 Not imported 1" in words(client.get(page))
    assert not list(settings.imports.glob("*/data"))
    assert client.submit(page, {"action": "import"}).status_code == 303
    assert count(AuditEntry, AuditEntry.action == "guests.imported") == 1


def test_the_chosen_file_waits_and_survives_a_reload(client: Any, url: str, count: Any) -> None:
    page = chosen(client, url, TEXT)
    assert words(client.get(page)) == words(client.get(page))
    assert f'href="{page}"' in client.get(url).text
    client.submit(page, {"action": "import"})
    assert f'href="{page}"' not in client.get(url).text
    assert count(Guest) == 4


def test_a_file_can_be_let_go(client: Any, url: str, settings: Any) -> None:
    page = chosen(client, url, TEXT)
    assert client.submit(page, {"action": "discard"}).location == url
    assert list(settings.imports.iterdir()) == []
    gone = client.get(page)
    assert (gone.status_code, "no longer kept" in words(gone)) == (404, True)
    assert client.submit(page, {"action": "import"}).status_code == 404


def test_what_really_happened_is_told_when_guests_changed_in_between(
    client: Any, url: str, event_id: int, in_app: Any, rows: Any
) -> None:
    page = chosen(client, url, "email,name\nana@x.test,Ana\nben@x.test,Ben\n")
    edit.add(event_id, {"email": "ana@x.test", "first_name": "Ana"}, seeding.acting())
    client.submit(page, {"action": "import"})
    done = words(client.get(page))
    assert "Imported, not quite as expected" in done
    assert "Added 1 Updated 0 Unchanged 1 Not imported 0" in done
    assert [guest.address for guest in rows(Guest)] == ["ana@x.test", "ben@x.test"]


def test_nobody_leaves_the_do_not_mail_list_by_an_import_f3(client: Any, url: str, writing: Any, rows: Any) -> None:
    with writing() as tx:
        by = seeding.acting()
        tx.add(Suppression(address="ana@x.test", scope="all", reason="manual", source="t", created_at=by.now))
    client.submit(chosen(client, url, "email,status\nana@x.test,confirmed\n"), {"action": "import"})
    assert [entry.address for entry in rows(Suppression)] == ["ana@x.test"]


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b'"email\n', b"email,\0\n", b"email" + b",x" * 400 + b"\n"],
    ids=["empty", "PNG", "quote", "NUL", "too many columns"],
)
def test_a_file_that_is_no_list_is_400_with_the_form_and_is_not_kept(
    client: Any, url: str, settings: Any, data: bytes
) -> None:
    answer = client.submit(url, csv_upload(data))
    assert answer.status_code == 400
    assert 'data-test="guest-import-form"' in answer.text
    assert not settings.imports.exists()


def test_a_form_without_a_file_asks_for_one(client: Any, url: str) -> None:
    for fields in ({}, csv_upload(b"", "")):
        answer = client.submit(url, fields, content_type="multipart/form-data")
        assert (answer.status_code, "Choose a CSV file first." in words(answer)) == (400, True)


def test_a_long_report_comes_in_pages_and_says_how_much_more(client: Any, url: str) -> None:
    page = chosen(client, url, "email\n" + "bad\n" * 1050)
    first, last = client.get(page), client.get(f"{page}?show=rejected&page=99")
    assert [answer.text.count('data-error-code="INVALID_EMAIL"') for answer in (first, last)] == [50, 50]
    assert "951–1000 of 1000" in words(last)
    assert "And 50 more lines" in words(last)
    assert "There is nothing to import" in words(first)
    assert 'value="import"' not in first.text


def test_the_progress_is_told_to_whoever_waits(client: Any, url: str) -> None:
    page = chosen(client, url, TEXT)
    looked = client.get(page)
    assert re.search(
        r'id="import-progress" hx-get="[^"]+/progress" hx-trigger="formdata from:#import-form"', looked.text
    )
    client.submit(page, {"action": "import"})
    told = client.get(f"{page}/progress", headers=partial())
    assert told.status_code == 200
    assert re.search(r"Writing the guests: 0 of \d rows", words(told))
    assert client.get(f"{url}/{'a' * 16}/progress").status_code == 404


def test_an_upload_of_another_event_is_404(client: Any, url: str, add_event: Any) -> None:
    page = chosen(client, url, TEXT)
    other = page.replace(url, f"/admin/events/{add_event()}/guests/import")
    assert client.get(other).status_code == 404
    assert client.submit(other, {"action": "import"}).status_code == 404
    assert client.get(f"{url}/..%2f..%2fapp.sqlite").status_code == 404


def test_forms_without_their_token_change_nothing(client: Any, url: str, settings: Any, count: Any) -> None:
    page = chosen(client, url, TEXT)
    assert client.post(page, data={"action": "import"}).status_code == 403
    assert client.post(url, data=csv_upload(TEXT)).status_code == 403
    assert (count(Guest), len(list(Path(settings.imports).iterdir()))) == (0, 1)


def test_a_full_disk_is_told_and_what_was_imported_is_never_denied(
    client: Any, url: str, count: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = chosen(client, url, TEXT)

    def full(*_args: Any, **_values: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    refused = client.submit(url, csv_upload(TEXT))
    assert (refused.status_code, "no room left on the disk" in words(refused)) == (503, True)
    assert len(list(settings.imports.iterdir())) == 1
    done = client.submit(page, {"action": "import"})
    assert (done.status_code, done.location, count(Guest)) == (303, url.removesuffix("/import"), 4)
    monkeypatch.undo()
    assert "Imported: 4 added, 0 updated, 1 lines not imported." in words(client.get(done.location))


WORDS = [*column_mapping.FIELDS, column_mapping.LEFT_OUT, column_mapping.UNNAMED, "own", "nonsense", ""]
FORMS = st.fixed_dictionaries(
    {"action": st.sampled_from(["check", "import", "", "x"])},
    optional={
        **{f"column-{n}": st.sampled_from(WORDS) for n in range(4)},
        "name-1": st.text(alphabet=st.characters(codec="utf-8"), max_size=5),
        "encoding": st.sampled_from([*csv_text.ENCODINGS, "utf-7"]),
        "delimiter": st.sampled_from([*csv_text.DELIMITERS, "|"]),
    },
)


@given(data=st.binary(max_size=60) | st.just(TEXT.encode("utf-16")), form=FORMS, text=st.booleans())
@hypothesis_settings(
    max_examples=budget(25, soaked=60),
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_chosen_and_corrected_the_answer_is_clear_and_nothing_half_happens(
    data: bytes, form: dict[str, str], text: bool, client: Any, url: str, count: Any
) -> None:
    data = TEXT.encode() if text else data
    answer = client.submit(url, csv_upload(data))
    assert answer.status_code in (303, 400)
    found = re.search(rf"{url}/[a-z0-9]{{16}}", answer.headers.get("Location", "") or answer.text)
    if not found:
        return
    before, entries = count(Guest), count(AuditEntry)
    decided = client.submit(found[0], form)
    assert decided.status_code in (303, 400)
    assert client.get(found[0]).status_code == 200
    imported = count(AuditEntry) - entries
    assert imported in (0, 1)
    assert imported or count(Guest) == before


def test_the_result_of_a_day_ago_is_still_there_and_old_files_are_forgotten(
    client: Any, url: str, settings: Any, clock: Any
) -> None:
    page = chosen(client, url, TEXT)
    assert uploads.forget(settings.imports, clock.now() + timedelta(days=1)) == 0
    assert client.get(page).status_code == 200
    assert uploads.forget(settings.imports, clock.now() + timedelta(days=2, minutes=1)) == 1
    assert client.get(page).status_code == 404
