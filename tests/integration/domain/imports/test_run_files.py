"""Importing a guest list: what is read, and what a bad line or file says."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventmail.domain.guests import listing
from eventmail.domain.imports import csv_rows, csv_text
from eventmail.errors import DomainError, InvalidInput
from eventmail.models import AuditEntry, Guest, GuestField
from tests.support.budgets import budget
from tests.support.importing import imported, totals


@pytest.mark.parametrize(
    ("header", "line", "expected"),
    [
        ("E-Mail;Vorname;Nachname", "a@x.test;Ana;Ruiz", ("Ana", "Ruiz", {})),
        ("E-Mail-Adresse;Vorname;Name", "a@x.test;Ana;Ruiz", ("Ana", "Ruiz", {})),
        ("email,name", "a@x.test,Ana María Ruiz", ("Ana María", "Ruiz", {})),
        ("email,name", "a@x.test,Ana", ("Ana", "", {})),
        ("mail,given-name,surname", "a@x.test,Ana,Ruiz", ("Ana", "Ruiz", {})),
        ("Address,FIRSTNAME", "a@x.test,Ana", ("Ana", "", {})),
        ("email,Address,Name,Surname", "a@x.test,Main St 1,Ana,Ruiz", ("Ana", "Ruiz", {"Address": "Main St 1"})),
        ("email,first,Full Name", "a@x.test,A,Ana Ruiz", ("Ana", "Ruiz", {"first": "A"})),
        ("\ufeff email , Plus {One}|2 ", "a@x.test, yes ", ("", "", {"Plus One 2": "yes"})),
        ('"email","a;b;c;d"', 'a@x.test,"1;2"', ("", "", {"a;b;c;d": "1;2"})),
    ],
)
def test_headings_are_matched_by_name(
    event_id: int, row: Any, header: str, line: str, expected: tuple[str, str, dict[str, str]]
) -> None:
    assert totals(imported(event_id, f"{header}\n{line}\n")) == (1, 0, 0, [])
    guest = row(Guest)
    assert (guest.address, (guest.first_name, guest.last_name, guest.attributes)) == ("a@x.test", expected)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n\r\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not a text file"),
        (b"\x89PNG without a zero", "No column holds email addresses"),
        (b"\x89PNG\r\n\x1a\n\xff", "not a text file"),
        (b"email\na@x.test,\x81\n", "not a text file"),
        (b"email\na@x.test\x00\n", "not a text file"),
        (b"PK\x03\x04zip", "spreadsheet"),
        ("email,name\na@x.test,Ana\n".encode("utf-16") + b"x", "cut off"),
        ("email,name\na@x.test,Ana\n".encode("utf-16-le"), "not a text file"),
        ("email\na\0@x.test\n".encode("utf-16"), "not a text file"),
        (b"name,phone\nAna,123\n", "No column holds email addresses"),
        (b"a@x.test\nb@x.test\n", "No column holds email addresses"),
        (b"email,Table,table\n", "Two columns are named"),
        (b"email,E-Mail\n", "Two columns are named"),
        (b"email," + b"x" * 101 + b"\n", "longer than 100"),
        (b"email," + b",".join(b"c%d" % n for n in range(251)) + b"\n", "at most 250"),
        (b'"email,name\na@x.test,Ana\n', "cannot be read"),
        (b"email\n" + b"a@x.test\n" * csv_text.MOST_LINES, "split it"),
        (b"email,n\n" + b'a@x.test,"Ana" R\n' * (csv_rows.MOST_BROKEN + 1), "broken in more than"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(event_id: int, count: Any, data: bytes, said: str) -> None:
    entries = count(AuditEntry)
    with pytest.raises(InvalidInput) as refusal:
        imported(event_id, data)
    assert said in refusal.value.detail
    assert (count(Guest), count(GuestField), count(AuditEntry)) == (0, 0, entries)


def test_too_many_columns_over_several_imports_are_refused_whole(event_id: int, count: Any) -> None:
    imported(event_id, "email," + ",".join(f"c{n}" for n in range(249)) + "\na@x.test\n")
    with pytest.raises(InvalidInput):
        imported(event_id, "email,d1,d2\nb@x.test,1,2\n")
    assert (count(Guest), count(GuestField)) == (1, 249)


def test_lines_are_counted_as_they_stand_in_the_file(event_id: int, rows: Any) -> None:
    text = (
        "email,name,note\r\n"  # 1
        "bad one,Ana,x\r\n"  # 2
        'b@x.test,Ben,"two\r\nlines"\r\n'  # 3, 4
        "bad two,Cem,x\r\n"  # 5
        "\r\n"  # 6
        " , , \r\n"  # 7
        'bad three,Dan,"a\nb\nc"\r\n'  # 8, 9, 10
        "e@x.test,Eva,x,too many\r\n"  # 11
        "f@x.test,Fay\r\n"  # 12, short
        "g@x.test,Gus,,,,"  # 13, without line end
    )
    report = imported(event_id, text)
    assert totals(report) == (
        3, 0, 0, [(2, "INVALID_EMAIL"), (5, "INVALID_EMAIL"), (8, "INVALID_EMAIL"), (11, "TOO_MANY_CELLS")],
    )  # fmt: skip
    assert [(guest.address, guest.attributes) for guest in rows(Guest)] == [
        ("b@x.test", {"note": "two\nlines"}), ("f@x.test", {}), ("g@x.test", {}),
    ]  # fmt: skip
    assert "Lines 8 to 10" in report.rejected[2].message


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_counts_as_one_line(event_id: int, end: str) -> None:
    report = imported(event_id, end.join(["email,name", "a@x.test,Ana", "bad,Ben", "c@x.test,Cem", ""]))
    assert totals(report) == (2, 0, 0, [(3, "INVALID_EMAIL")])


def test_a_lone_quote_costs_its_own_line_only(event_id: int, rows: Any) -> None:
    text = 'email,name\na@x.test,"Ana\nb@x.test,Ben\nc@x.test,"Cem"\nd@x.test,"Dan" D\ne@x.test,"Eva\nf@x.test,Fay\n'
    report = imported(event_id, text)
    assert totals(report) == (3, 0, 0, [(2, "BROKEN_QUOTES"), (5, "BROKEN_QUOTES"), (6, "BROKEN_QUOTES")])
    assert [guest.first_name for guest in rows(Guest)] == ["Ben", "Cem", "Fay"]


def test_two_lone_quotes_that_close_each_other_do_not_swallow_guests_silently(event_id: int, count: Any) -> None:
    report = imported(event_id, 'email,name\na@x.test,"Ana\nb@x.test,Ben\nc@x.test,Cem"\nd@x.test,Dan\n')
    assert totals(report) == (1, 0, 0, [(2, "BROKEN_QUOTES")])
    assert "Lines 2 to 4 were read as one row" in report.rejected[0].message


def test_a_lone_quote_in_a_long_file_or_a_giant_cell_costs_its_own_line_only(event_id: int) -> None:
    many = "".join(f"guest{n}@x.test,Guest {n}\n" for n in range(8000))
    assert totals(imported(event_id, f'email,name\na@x.test,"Ana\n{many}')) == (8000, 0, 0, [(2, "BROKEN_QUOTES")])
    giant = f"email,note\na@x.test,{'x' * 200_000}\nb@x.test,y\n"
    assert totals(imported(event_id, giant)) == (1, 0, 0, [(2, "BROKEN_QUOTES")])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("not an address,Ana,,,", "INVALID_EMAIL"),
        ("@x.test,Ana,,,", "INVALID_EMAIL"),
        ("a@x.test b@x.test,Ana,,,", "INVALID_EMAIL"),
        (f"{'x' * 400}@x.test,Ana,,,", "INVALID_EMAIL"),
        ("a@x.test,Ana,maybe,,", "INVALID_STATUS"),
        ("a@x.test,Ana,bounced,,", "INVALID_STATUS"),
        (f"a@x.test,{'x' * 301},,,", "TOO_LONG"),
        (f"a@x.test,Ana,,,{'x' * 2001}", "TOO_LONG"),
        (f"a@x.test,Ana,,{'x' * 101},", "INVALID_TAGS"),
        ("a@x.test,Ana,,,,x", "TOO_MANY_CELLS"),
        (",,confirmed,vip,7", "NOBODY"),
    ],
)
def test_a_bad_row_is_listed_and_the_good_ones_land(event_id: int, rows: Any, line: str, code: str) -> None:
    report = imported(event_id, f"email,first name,status,tags,note\nok@x.test,Ok,,,\n{line}\nfine@x.test,Fine,,,\n")
    assert totals(report) == (2, 0, 0, [(3, code)])
    assert report.rejected[0].message.endswith(".")
    assert [guest.address for guest in rows(Guest)] == ["ok@x.test", "fine@x.test"]


def test_a_wrong_status_is_told_which_there_are(event_id: int) -> None:
    report = imported(event_id, "email,rsvp\na@x.test,perhaps\n")
    assert report.rejected[0].message == "“perhaps” is not a status. Use invited, confirmed or declined."


def test_a_status_may_be_yes_or_no_in_any_case(event_id: int, rows: Any) -> None:
    words = ["INVITED", "Confirmed", "declined", "yes", "No", "accepted", "Zugesagt", "abgesagt"]
    imported(event_id, "email,status\n" + "".join(f"g{n}@x.test,{word}\n" for n, word in enumerate(words)))
    assert [guest.status for guest in rows(Guest)] == [
        "invited", "confirmed", "declined", "confirmed", "declined", "confirmed", "confirmed", "declined",
    ]  # fmt: skip


def test_awkward_text_is_kept_as_it_is(event_id: int, rows: Any) -> None:
    values = ["=SUM(A1:A9)", "+1", "@cmd", "<b>bold</b>", "{guest.email}", "שלום עולם", "x" * 300, "O'Brien; DROP"]
    lines = "".join(f'g{n}@x.test,"{value}","{value}"\n' for n, value in enumerate(values))
    assert totals(imported(event_id, f"email,first name,Note\n{lines}")) == (len(values), 0, 0, [])
    assert [guest.first_name for guest in rows(Guest)] == values
    assert [guest.attributes["Note"] for guest in rows(Guest)] == values


CELLS = st.one_of(
    st.sampled_from(
        ["", "a@x.test", "A@X.test", "b@x.test", "Ana", "Ben", "yes", "maybe", "vip,vip", '"', '"Ana"', "1", "=1+1"]
    ),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=12),
)
FILES = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda header, rows, delimiter, end, before, codec: (
            before + end.join(delimiter.join(row) for row in [header, *rows])
        ).encode(codec, "replace"),
        st.lists(st.sampled_from(["email", "Name", "first name", "id", "status", "tags", "Table", "'=x", "", '"'])),
        st.lists(st.lists(CELLS, max_size=7), max_size=6),
        st.sampled_from([",", ";", "\t"]),
        st.sampled_from(["\n", "\r\n", "\r"]),
        st.sampled_from(["", "", "sep=;\n", "\n\n"]),
        st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    ),
    st.builds(
        lambda rows: ("email,name,status,tags,Table\n" + "\n".join(",".join(row) for row in rows)).encode(),
        st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=6),
    ),
)


@given(data=FILES)
@settings(
    max_examples=budget(60, soaked=150),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_the_file_it_is_refused_whole_or_imported_whole(
    data: bytes, event_id: int, rows: Any, count: Any
) -> None:
    before, entries = count(Guest), count(AuditEntry)
    try:
        dry = imported(event_id, data, dry_run=True)
        report = imported(event_id, data)
    except DomainError:
        assert (count(Guest), count(AuditEntry)) == (before, entries)
        return
    assert dry == report
    assert count(Guest) == before + report.created
    again = imported(event_id, data)
    assert totals(again) == (0, 0, report.created + report.updated + report.unchanged, totals(report)[3])
    assert count(AuditEntry) == entries + 2
    page = listing.listing(event_id, size=200)
    assert page.total == before + report.created
