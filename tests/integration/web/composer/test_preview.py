"""What stands beside the composer: its frame, the list before sending, lists that survive thousands of picks."""

import csv
import io
import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import update

from eventmail import clock
from eventmail.db import transaction
from eventmail.models import Content, Event, Guest, Suppression
from tests.support.web import Client, partial, words

TYPED = {
    "subject": "Hi {guest.firstName}",
    "preheader": "Come",
    "body": "Come to {event.title}.",
    "statuses": "confirmed",
}


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/messages"


def frame(answer: Any) -> str:
    found = re.search(r'<iframe[^>]*src="([^"]+)"', answer.text)
    assert found
    return unescape(found[1])


def checks(client: Client, url: str, **typed: Any) -> dict[str, list[str]]:
    """What the list says, by kind: “text [where]”."""
    answer = client.submit(f"{url}/preview", {**TYPED, **typed}, headers=partial())
    shown = answer.text[answer.text.index('id="checks"') :].partition("</section>")[0]
    found: dict[str, list[str]] = {}
    for kind, item in re.findall(r'<li class="(bad|todo|warn|tip|ok)">(.*?)</li>', shown, re.DOTALL):
        where = re.search(r'</(?:span|div)>\s*<a href="([^"]+)"', item)
        text = re.sub(
            r"^(Fine|To do|Worth knowing|Look at this|In the way): ", "", words(re.split("<details|<a ", item)[0])
        )
        found.setdefault(kind, []).append(f"{text} [{where[1]}]" if where else text)
    return found


def test_C5_the_frame_shows_marks_and_scheme_only_where_they_are_asked_for(
    client: Client, url: str, add_guest: Any, row: Any
) -> None:
    add_guest("ada@guests.org", first_name="</mark><b>Ada")
    shown = frame(client.submit(f"{url}/preview", {**TYPED, "body": "Dear {guest.firstName}"}))
    assert shown.endswith("&scheme=light&marks=on")
    marked, bare = client.get(shown).text, client.get(shown.partition("&scheme")[0]).text
    assert ">&lt;/mark&gt;&lt;b&gt;Ada</mark>" in marked
    assert ("<mark" in bare, "em-marks" in bare, "(prefers-color-scheme: dark)" in bare) == (False, False, True)
    assert "sandbox" in client.get(shown).headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "look",
    ["desktop-dark-plain", "text-light-marked", "phone-dark-plain-0123abcd", "phone-", "nonsense", "<b>", "-", ""],
)
def test_a_look_survives_what_is_typed_and_nonsense_is_the_usual_one(
    client: Client, url: str, add_guest: Any, look: str
) -> None:
    add_guest()
    answer = client.submit(f"{url}/preview", {**TYPED, "look_shown": look}, headers=partial())
    kept = re.search(r'name="look_shown" value="([^"]+)"', answer.text)
    assert kept
    usual = {"phone-": "phone-light-marked", "phone-dark-plain-0123abcd": "phone-dark-plain"}  # no pictures here
    known = {"desktop-dark-plain", "text-light-marked"}
    assert kept[1] == (look if look in known else usual.get(look, "phone-light-marked"))


def test_what_is_in_the_way_stands_apart_from_what_is_worth_a_look(client: Client, url: str, add_guest: Any) -> None:
    add_guest("ada@guests.org")
    assert checks(client, url) == {
        "tip": ["No test of exactly this text has been sent yet. [#test-send]"],
        "ok": ["Subject, message and audience are set", "Nobody reads a fallback",
               "Each mail ends with its own Unsubscribe link"],
    }  # fmt: skip
    found = checks(client, url, subject="", body="", statuses=[])
    assert found == {"todo": ["Tick who should get it [#audience]", "Write a subject [#subject]",
                              "Write the message [#body]"],
                     "ok": ["Each mail ends with its own Unsubscribe link"]}  # fmt: skip
    found = checks(client, url, subject="DOORS OPEN", preheader="", body="::: button\nx\n:::", statuses="declined")
    assert found["bad"] == [
        "No recipients match this audience. [#audience]",
        "Line 1: The block “::: button” needs one web address, as in “::: button https://example.com”. [#body]",
    ]
    assert found["warn"] == [
        "The subject is all in capitals: many read it as shouting, and some filters as advertising. [#subject]"
    ]
    assert found["tip"] == [
        "There is no preview text: mail lists show the beginning of the message instead. [#preheader]"
    ]


def test_C5_C8_each_group_of_the_list_is_counted_and_each_slip_leads_to_the_message(
    client: Client, url: str, add_guest: Any
) -> None:
    add_guest("ada@guests.org")
    body = "{guest.frstName} [here](https://a.org)\n\n[plan](https://a.org/my plan) **bold\n\n##Food\n\n# A\n\n### B"
    answer = client.submit(f"{url}/preview", {**TYPED, "subject": "", "body": body}, headers=partial())
    shown = words(answer.text[answer.text.index('id="checks"') :].partition("</section>")[0])
    assert "Before you send In the way (2) In the way: " in shown
    assert "Worth a look (5) Look at this: The link “here” does not say where it leads" in shown
    assert "Still to do (3) To do: Tick who" in words(
        client.submit(f"{url}/preview", {"subject": "", "body": ""}, headers=partial()).text
    )
    beginnings = [line.partition("”")[0] for line in checks(client, url, body=body)["warn"]]
    assert beginnings == [
        "The link “here", "Guests see the ** in “**bold", "Guests see “[plan](https://a.org/my plan)", "“##Food",
        "The heading “B",
    ]  # fmt: skip
    assert all(line.endswith("[#body]") for line in checks(client, url, body=body)["warn"])


def test_C4_words_that_are_quoted_in_the_list_are_text(client: Client, url: str) -> None:
    answer = client.submit(
        f"{url}/preview", {**TYPED, "body": "**<b>x\n\n[<i>y](https://a.org/b c)"}, headers=partial()
    )
    assert "“**&lt;b&gt;x”" in answer.text
    assert "“[&lt;i&gt;y](https://a.org/b c)”" in answer.text


def test_C3_the_list_says_what_is_read_instead_by_how_many(client: Client, url: str, add_guests: Any) -> None:
    add_guests([{"email": f"{n}@guests.org", "first_name": "", "last_name": f"N{n}"} for n in range(7)])
    found = checks(client, url, body="{guest.firstName|you} and {event.url}")
    assert found["warn"] == [
        "Everyone reads “ a link that will follow ” for event page. [/admin/events/1/settings]",
        "7 guests have no first name and read “ there ” or “ you ”.",
    ]


@pytest.mark.parametrize(
    ("starts", "ends", "all_day", "said"),
    [
        (-50, -47, False, "The event is over: it was on"),
        (-1, 2, False, "The event has begun: it is on"),
        ("midnight", None, False, "The event has begun: it is on"),
        ("midnight", "midnight", True, "The event has begun: it is on"),
        (-72, None, True, "The event is over: it was on"),
        (2, 5, False, None),
    ],
)
def test_an_event_that_is_over_is_worth_a_look(
    app: Any, client: Client, url: str, add_guest: Any, clock: Any, starts: Any, ends: Any, all_day: bool, said: str
) -> None:
    add_guest("ada@guests.org")
    now = clock.now().replace(tzinfo=None)

    def wall(hours: Any) -> datetime | None:
        if hours is None:
            return None
        return now.replace(hour=0, minute=0, second=0) if hours == "midnight" else now + timedelta(hours=hours)

    values = {"timezone": "UTC", "all_day": all_day, "starts_wall": wall(starts), "ends_wall": wall(ends)}
    with app.app_context(), transaction() as tx:
        tx.execute(update(Event).values(**values))
    warn = checks(client, url).get("warn", [])
    assert [line.partition(" on ")[0] + " on" for line in warn] == ([said] if said else [])


def test_an_odd_event_page_that_is_merged_is_worth_a_look(app: Any, client: Client, url: str, add_guest: Any) -> None:
    add_guest("ada@guests.org")
    with app.app_context(), transaction() as tx:
        tx.execute(update(Event).values(url="http://localhost:8000/gala"))
    assert "warn" not in checks(client, url)
    assert checks(client, url, body="{event.url}")["warn"][0].startswith(
        "The event page, which the message merges, leads to a computer that guests cannot reach: http://localhost:8000/"
    )


@pytest.mark.soak
def test_A2_five_thousand_guests_picked_by_hand_keep_their_lists(client: Client, url: str, add_guests: Any) -> None:
    picked = add_guests(
        [
            {"email": f"{n}@guests.org" if n % 2 else None, "first_name": "", "last_name": f"N{n:04}"}
            for n in range(5000)
        ]
    )
    typed = {**TYPED, "statuses": [], "guests": [str(guest) for guest in picked]}
    composer = client.submit(f"{url}/preview", typed)
    assert 'formaction="/admin/events/1/messages/exclusions" formtarget="_blank"' in composer.text
    assert "exclusions?" not in composer.text

    page = client.submit(f"{url}/exclusions", typed)
    assert (page.status_code, "Page 1 of 50, 2 500 in all" in words(page.text).replace("\u2009", " ")) == (200, True)
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    carried: dict[str, list[str]] = {}
    for name, value in fields:
        carried.setdefault(name, []).append(unescape(value))
    assert carried["guests"] == typed["guests"]
    assert (carried["subject"], carried["body"]) == ([TYPED["subject"]], [TYPED["body"]])
    last = client.submit(f"{url}/exclusions?page=50", carried)
    assert ("N4998" in last.text, "N0000" in last.text) == (True, False)
    lines = list(csv.reader(io.StringIO(client.submit(f"{url}/exclusions?format=csv", carried, buffered=True).text)))
    assert len(lines) == 2501
    back = client.submit(f"{url}/preview", carried)
    assert 'data-count="2500"' in back.text
    assert "Come to {event.title}." in back.text
    listed = client.submit(f"{url}/fallbacks?field=guest.firstName&page=2", carried)
    assert ("N0101" in listed.text, "2 500" in words(listed.text).replace("\u2009", " ")) == (True, True)


def test_A2_each_reason_comes_with_a_way_to_act(
    client: Client, url: str, event_id: int, add_guests: Any, writing: Any, count_queries: Any
) -> None:
    ada, twin, nobody, _ = add_guests(
        [{"email": "ada@guests.org", "first_name": "Ada", "last_name": "A"},
         {"email": "Ada@guests.org", "first_name": "Twin", "last_name": "B"},
         {"email": None, "first_name": "Nora", "last_name": "C"},
         {"email": "gone@guests.org", "first_name": "Gus", "last_name": "D"}]
    )  # fmt: skip
    with writing() as tx:
        entry = Suppression(address="gone@guests.org", scope=str(event_id), reason="hard_bounce", source="test",
                            created_at=clock.now())  # fmt: skip
        tx.add(entry)
        tx.flush()
        entry_id = entry.id
    page = client.get(f"{url}/exclusions?statuses=confirmed").text
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)[1:]
    ways = [re.findall(r'<a class="button small" href="([^"]+)"', row) for row in rows]
    here = f"/admin/events/{event_id}"
    assert ways == [
        [f"{here}/guests/{twin}", f"{here}/guests/{ada}"],
        [f"{here}/guests/{nobody}"],
        [f"{here}/suppressions/{entry_id}"],
    ]
    assert client.get(ways[2][0]).status_code == 200
    with count_queries() as three:
        client.get(f"{url}/exclusions?statuses=confirmed")
    add_guests([{"email": None}, {"email": "ada@guests.org"}, {"email": "gone@guests.org"}])
    with count_queries() as six:
        client.get(f"{url}/exclusions?statuses=confirmed")
    assert len(three) == len(six)


def test_C3_a_field_that_nobody_can_lack_is_no_list(client: Client, url: str, add_guest: Any) -> None:
    add_guest(first_name="")
    for field in ("guest.email", "event.title", "guest.Nothing", "", "<b>"):
        answer = client.get(f"{url}/fallbacks", query_string={"statuses": "confirmed", "field": field})
        assert (answer.status_code, "UNKNOWN_FIELD" in answer.text or "INVALID_INPUT" in answer.text) == (400, True)
    as_json = {"Accept": "application/json"}
    listed = client.get(f"{url}/fallbacks?statuses=confirmed&field=guest.firstName", headers=as_json).get_json()
    assert [(item["email"], item["first_name"]) for item in listed["items"]] == [("ada@example.com", "")]


def test_the_preview_asks_as_much_for_five_recipients_as_for_three(
    client: Client, url: str, add_guest: Any, count: Any, count_queries: Any
) -> None:
    for n in range(3):
        add_guest(f"{n}@guests.org", first_name="", last_name=f"M{n}")
    numbers = []
    for _ in range(2):
        client.submit(f"{url}/preview", TYPED)  # the text is kept
        with count_queries() as queries:
            client.submit(f"{url}/fields", {**TYPED, "reader": "guests"}, headers=partial())
        numbers.append(len(queries))
        add_guest("b@guests.org", first_name="", last_name="N")
        add_guest("c@guests.org", first_name="", last_name="O")
    assert (numbers[0], count(Content), count(Guest)) == (numbers[1], 1, 7)
