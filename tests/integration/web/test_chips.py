"""Every page with texts that merge something: each field reads as its name in words, nowhere as it is typed (C1).

The walk reads the application's own map of addresses, so a new page is in it without being named here.
"""

import re
from typing import Any

import pytest
from flask import Flask

from eventmail.domain.instance import live_lock
from eventmail.domain.people import throttle
from eventmail.settings import Settings
from tests.integration.web.test_idor import address, public
from tests.support import merging
from tests.support.braces import typed_fields
from tests.support.merging import CHIPS, NO_FIELD, SENT, TYPED, Merging
from tests.support.seeding import Person
from tests.support.web import Client, partial
from tests.support.world import World

NO_CHIP = f'<span class="chip no-field" dir="auto" title="No merge field is called that.">{NO_FIELD}</span>'
PLAIN = "Hi ‹First name, or &lt;img src=x onerror=alert(1)&gt;› at ‹&lt;i&gt;tableNumber&lt;/i&gt;, or any› &lt;b&gt;b&lt;/b&gt;"  # noqa: E501
# a mail, as a guest gets it, and what is no page
MAILS = {"messaging.mail", "mailings.mail", "scheduling.mail", "calendar.mail", "designs.mail", "design_preview.show",
         "outbox.html"}  # fmt: skip
QUESTIONS = {"why.why": "?address=mia@guests.example.net"}
NOBODYS = {"static", "account.sign_out"}
HTML = {"Accept": "text/html"}


@pytest.fixture
def event(world: World) -> int:
    return int(world.secret["event_id"])


@pytest.fixture
def there(app: Flask, world: World, event: int, owner: Person, settings: Settings) -> Merging:
    with app.app_context():
        return merging.made(settings, event, owner)


@pytest.fixture
def boss(client_for: Any, owner: Person, monkeypatch: pytest.MonkeyPatch) -> Client:
    """An owner's browser, which sees every page."""
    monkeypatch.setattr(throttle, "take", lambda *_args, **_kwargs: None)
    made: Client = client_for(owner)
    return made


def addresses(app: Flask, world: World, there: Merging) -> dict[str, str]:
    """The address of each page by its endpoint, of one about a message for each kind of message."""
    known = world.secret | {
        "guest_id": there.guest,
        "segment_id": there.segment,
        "design_id": there.design,
        "design.deletion design_id": there.spare,
    }
    found = {}
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or public(rule) or rule.endpoint in MAILS | NOBODYS:
            continue
        own = f"{rule.endpoint} mailing_id" in known or "mailing_id" not in rule.arguments
        for word, mailing in {"": 0}.items() if own else there.mailings.items():
            values = known if own else known | {"mailing_id": mailing}
            found[f"{rule.endpoint} {word}".strip()] = address(app, rule, values) + QUESTIONS.get(rule.endpoint, "")
    return found


def test_C1_no_page_shows_a_merge_field_as_it_is_typed(app: Flask, boss: Client, world: World, there: Merging) -> None:
    shown = {name: boss.get(url, headers=HTML, buffered=True)
             for name, url in addresses(app, world, there).items()}  # fmt: skip
    pages = {name: answer.text for name, answer in shown.items() if answer.mimetype == "text/html"}
    wrong = {name: fields for name, page in pages.items() if (fields := typed_fields(page))}
    assert wrong == {}
    assert [name for name, page in pages.items() if "<img src=x" in page or "<i>table" in page] == []
    # what was looked at did hold the texts
    with_chips = {name.partition(" ")[0] for name, page in pages.items() if CHIPS in page}
    assert with_chips == {
        "audit.of_event", "audit.of_everything", "calendar.compose", "design.copying", "design.deletion",
        "design.history", "designs.detail", "designs.listed",
        "drafts.deletion", "drafts.listing", "erasure.known", "events.overview", "guest_history.history",
        "mailings.detail", "mailings.listing", "messaging.compose", "messaging.watch", "receipts.receipt",
        "scheduling.compose", "scheduling.watch", "segments.deletion", "segments.edit", "why.why",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/mailings/{sent}", PLAIN), ("/messages/{sent}", PLAIN), ("/mailings/{sent}/receipt", f"Receipt: {PLAIN}"),
        ("/scheduled/{scheduled}", PLAIN), ("/email-templates/{design}", PLAIN),
        ("/email-templates/{design}/revisions", f"Versions of {PLAIN}"),
    ],
)  # fmt: skip
def test_C1_the_title_of_a_page_has_the_names_of_the_fields_in_quotes(
    *, boss: Client, event: int, there: Merging, path: str, title: str
) -> None:
    page = boss.get(f"/admin/events/{event}{path.format(**vars(there))}", buffered=True)
    assert (re.findall("<title>(.*?)(?: · .*)?</title>", page.text), page.status_code) == ([title], 200)


def test_C2_what_is_no_field_is_marked_where_it_stands(boss: Client, event: int, there: Merging) -> None:
    pages = {
        path: boss.get(f"/admin/events/{event}{path}").text
        for path in ("/messages/drafts", f"/messages/{there.draft}/deletion", "/email-templates")
    }
    assert [path for path, page in pages.items() if f"{CHIPS} {NO_CHIP}" not in page] == []
    versions = boss.get(f"/admin/events/{event}/email-templates/{there.design}/revisions").text
    assert f"<ins> {NO_CHIP}</ins>" in versions


def test_C1_answers_to_programs_and_form_controls_hold_what_was_written(
    *, boss: Client, api_for: Any, owner: Person, event: int, there: Merging
) -> None:
    api, here = api_for(owner), f"/admin/events/{event}"
    assert api.get(f"{here}/mailings/{there.sent}").json["content"]["subject"] == SENT
    assert api.get(f"{here}/email-templates/{there.design}").json["draft"]["subject"] == TYPED
    assert api.get(f"{here}/email-templates").json["items"][0]["name"] == SENT
    control = '<input class="input" id="subject" name="subject" type="text" value="{}"'
    written = TYPED.replace("<", "&lt;").replace(">", "&gt;")
    assert control.format(written) in boss.get(f"{here}/messages/{there.draft}").text


def test_C1_the_log_of_everything_has_no_event_and_still_tells_columns_by_name(boss: Client, there: Merging) -> None:
    page = boss.get("/admin/audit").text
    assert (CHIPS in page, typed_fields(page)) == (True, [])


def test_C1_braces_in_what_a_guest_is_called_are_the_guests_own(
    app: Flask, boss: Client, event: int, there: Merging
) -> None:
    """Only texts of authors have merge fields."""
    boss.submit(f"/admin/events/{event}/guests/{there.guest}", {"first_name": "{guest.email}", "last_name": "Ruiz"})
    assert '<ins dir="auto">{guest.email}</ins>' in boss.get(f"/admin/events/{event}/audit").text


def test_C1_a_copy_of_the_database_lists_what_waits_by_its_words(boss: Client, writing: Any, there: Merging) -> None:
    with writing() as tx:
        live_lock.leave(tx)
    page = boss.get("/admin/live").text
    assert (page.count(CHIPS), typed_fields(page)) == (1, [])


def test_C1_the_review_the_look_before_publishing_and_both_refusals_show_names(
    *, boss: Client, event: int, there: Merging
) -> None:
    here = f"/admin/events/{event}"
    typed = {"subject": SENT, "preheader": SENT, "body": f"Dear {SENT}", "statuses": "confirmed", "page_mark": "p"}
    stale = {**typed, "subject": f"{SENT} now", "draft": str(there.draft), "revision": "0"}
    design = f"{here}/email-templates/{there.design}"
    pages = {
        "review": boss.submit(f"{here}/messages/review", typed),
        "conflict": boss.submit(f"{here}/messages/drafts", stale),
        "autosave": boss.submit(f"{here}/messages/drafts", stale, headers=partial()),
        "changes": boss.submit(f"{design}/publication/review", {**typed, "body": f"{SENT} **open", "revision": "2"}),
        "deleted": boss.submit(f"{here}/email-templates/999/draft", {**typed, "name": "x"}),
    }
    assert {name: typed_fields(answer.text) for name, answer in pages.items()} == {name: [] for name in pages}
    assert [name for name, answer in pages.items() if CHIPS not in answer.text] == []


def test_C1_a_sentence_after_a_step_has_the_names_in_quotes(boss: Client, event: int, there: Merging) -> None:
    design = f"/admin/events/{event}/email-templates/{there.design}"
    page = boss.submit(f"{design}/archiving", follow_redirects=True)
    assert f"“{PLAIN}” is in the archive." in page.text


def test_C1_names_of_columns_take_one_query_however_many_rows_there_are(
    *, app: Flask, boss: Client, event: int, there: Merging, count_queries: Any
) -> None:
    url = f"/admin/events/{event}/messages/drafts"
    boss.get(url)
    with count_queries() as few:
        boss.get(url)
    assert [said for said in few if "guest_field" in said][1:] == []


def test_C1_a_remark_that_quotes_the_text_shows_names_and_one_about_no_field_what_to_type(
    boss: Client, event: int, there: Merging
) -> None:
    typed = {"subject": "Hi {guest.frstName}", "body": "**Dear {guest.firstName|there},", "page_mark": "p"}
    part = boss.submit(f"/admin/events/{event}/messages/preview", typed, headers=partial()).text
    assert 'Guests see the ** in “**Dear <span class="chip" dir="auto">First name, or <bdi>there</bdi></span>,”' in part
    assert "&#34;{guest.frstName}&#34; in the subject is not a field we know. Did you mean {guest.firstName}?" in part


@pytest.mark.parametrize(("path", "longest"), [("/messages/{}/deletion", 400), ("/audit", 300)])
def test_C1_a_long_text_is_cut_in_front_of_a_field_not_within_it(
    *, boss: Client, event: int, there: Merging, path: str, longest: int
) -> None:
    """The log tells the text of a draft that was deleted; the page that asks before, that of one that is there."""
    here, words = f"/admin/events/{event}", "x" * (longest - 10)
    typed = {"subject": "S", "body": f"{words} {{guest.firstName|my friend}}", "page_mark": "p"}
    kept = boss.submit(f"{here}/messages/drafts", typed).location.rpartition("/")[2]
    if path == "/audit":
        boss.submit(f"{here}/messages/{kept}/deletion", {"revision": "1"})
    page = boss.get(f"{here}{path.format(kept)}").text
    assert (f"{words}…<" in page, typed_fields(page)) == (True, [])
