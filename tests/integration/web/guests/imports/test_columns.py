"""What each column of a file and its text are taken for, and how a person corrects it."""

import re
from typing import Any

from werkzeug.test import TestResponse

from eventmail.models import Guest
from tests.support.choosing import chosen, csv_upload
from tests.support.web import words


def selected(answer: TestResponse, name: str) -> str:
    """The option that is selected."""
    found = re.search(rf'<select[^>]*name="{name}".*?<option value="([^"]*)" selected', answer.text, re.DOTALL)
    assert found, f"no {name} on the page"
    return found[1]


def test_each_column_is_shown_and_a_correction_is_what_gets_imported(client: Any, url: str, row: Any) -> None:
    page = chosen(client, url, "E-Mail;Vorname;Rang;Notiz\nana@x.test;Ana;vip;geheim\n")
    looked = client.get(page)
    assert [selected(looked, f"column-{n}") for n in range(4)] == ["email", "first_name", "own", "own"]
    assert (selected(looked, "encoding"), selected(looked, "delimiter")) == ("utf-8", "semicolon")
    columns = {"column-0": "email", "column-1": "last_name", "column-2": "tags", "column-3": "left_out"}
    asked = client.submit(page, {**columns, "action": "import"})
    again = client.get(asked.location)
    assert "nothing was imported yet" in words(again)
    assert [selected(again, f"column-{n}") for n in range(4)] == ["email", "last_name", "tags", "left_out"]
    client.submit(page, {**columns, "action": "import"})
    guest = row(Guest)
    assert (guest.first_name, guest.last_name, guest.attributes) == ("", "Ana", {})
    assert [tag.tag for tag in guest.tags] == ["vip"]


def test_an_own_column_can_get_another_name(client: Any, url: str, row: Any) -> None:
    page = chosen(client, url, "email,Tisch Nr\nana@x.test,7\n")
    columns = {"column-0": "email", "column-1": "own", "name-1": "Table {x}"}
    client.submit(page, {**columns, "action": "check"})
    client.submit(page, {**columns, "action": "import"})
    assert row(Guest).attributes == {"Table x": "7"}


def test_a_wrong_correction_is_400_at_its_column_and_what_was_typed_stays(client: Any, url: str, count: Any) -> None:
    page = chosen(client, url, "email,Second\nana@x.test,b@x.test\n")
    refused = client.submit(page, {"column-0": "email", "column-1": "email", "action": "import"})
    assert (refused.status_code, count(Guest)) == (400, 0)
    assert selected(refused, "column-1") == "email"
    assert 'aria-describedby="column-1-hint column-1-error" aria-invalid="true"' in refused.text
    assert "Two columns are taken for “email”." in words(refused)
    assert selected(client.get(page), "column-1") == "own"
    for form in ({"column-1": "nonsense"}, {"encoding": "nonsense"}, {"delimiter": "|"}):
        assert client.submit(page, {"column-0": "email", **form}).status_code == 400


def test_a_file_without_an_address_column_is_400_and_can_be_corrected(client: Any, url: str, row: Any) -> None:
    refused = client.submit(url, csv_upload("Kontakt,Vorname\nana@x.test,Ana\n"))
    assert refused.status_code == 400
    assert "No column holds email addresses" in words(refused)
    form = re.search(r'<form[^>]*id="import-form"[^>]*action="([^"]+)"', refused.text)
    assert form
    assert client.get(form[1]).status_code == 200
    columns = {"column-0": "email", "column-1": "first_name"}
    assert client.submit(form[1], {**columns, "action": "import"}).status_code == 303
    assert "Would be added 1" in words(client.get(form[1]))
    client.submit(form[1], {**columns, "action": "import"})
    assert row(Guest).address == "ana@x.test"


def test_the_encoding_is_told_and_can_be_corrected(client: Any, url: str, row: Any) -> None:
    page = chosen(client, url, "email,name\nana@x.test,Müller\n".encode("mac-roman"))
    looked = client.get(page)
    assert selected(looked, "encoding") == "windows-1252"
    assert "MŸller" in words(looked)
    wrong = client.submit(page, {"encoding": "utf-8", "action": "check"})
    assert (wrong.status_code, "not UTF-8 text" in words(wrong)) == (400, True)
    assert client.submit(page, {"encoding": "macintosh", "action": "check"}).status_code == 303
    assert "Müller" in words(client.get(page))
    client.submit(page, {"encoding": "macintosh", "action": "import"})
    assert row(Guest).first_name == "Müller"
