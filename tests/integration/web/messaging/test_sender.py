"""Who a message is from: one name and one address for answers, wherever they are read (C7)."""

import re
from email import message_from_bytes, policy
from html import unescape
from typing import Any

import pytest
from flask import Flask

from eventmail.db import transaction
from eventmail.domain.events import edit as event_edit
from eventmail.models import Mailing
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.web import Client, partial, words
from tests.support.written import BODY

NAME = 'Müller, Söhne & Co. <x@y.org> (Büro) "Ost" \\o/'
TYPED = {"subject": "Hello", "preheader": "P", "body": "Come.", "statuses": "confirmed"}
SHARED = "where mail comes from, since the event has no address for them"


@pytest.fixture
def url(event_id: int, add_guest: Any) -> str:
    add_guest("ada@guests.org")
    return f"/admin/events/{event_id}"


@pytest.fixture
def edit(app: Flask, event_id: int) -> Any:
    """edit(**values of the event)"""

    def change(**values: str) -> None:
        with app.app_context():
            event_edit.edit(event_id, values, seeding.acting())

    return change


def facts(page: Any) -> dict[str, str]:
    """The lists of facts on a page, by their words."""
    pairs = re.findall(r"<dt>(.*?)</dt>\s*<dd[^>]*>(.*?)</dd>", page.text, re.DOTALL)
    return {words(name): words(value) for name, value in pairs}


def test_C7_preview_review_header_and_receipt_say_the_same_name(
    client: Client, url: str, edit: Any, work: Any, row: Any
) -> None:
    edit(sender_name=f"  {NAME}\u202e", reply_to="answers@organizers.org")
    page = client.submit(f"{url}/messages/review", TYPED)
    assert facts(page)["From"] == f"{NAME} mail@organizers.org"
    assert facts(page)["Answers to"] == "answers@organizers.org"
    sentence = re.search(r'<p class="sentence">(.*?)</p>', page.text, re.DOTALL)
    assert sentence
    assert words(sentence[1]).endswith(f"from {NAME} (mail@organizers.org); answers go to answers@organizers.org.")
    key = re.search(r'name="idempotency_key" value="([^"]+)"', page.text)
    assert key
    sent = client.submit(f"{url}/messages", {**TYPED, "idempotency_key": key[1]}).location
    work()
    number = sent.rpartition("/")[2]
    (name,) = dict.fromkeys(re.findall(rf'href="{url}/outbox/([^"/?]+\.eml)"', client.get(f"{url}/outbox").text))
    raw = unescape(client.get(f"{url}/outbox/{name}?part=source").text.partition("<pre")[2].partition(">")[2])
    (header,) = message_from_bytes(raw.encode(), policy=policy.default)["From"].addresses
    assert (header.display_name.replace(" ", ""), header.addr_spec) == (NAME.replace(" ", ""), "mail@organizers.org")
    assert facts(client.get(f"{url}/outbox/{name}?part=headers"))["From"] == f"{NAME} <mail@organizers.org>"
    receipt = client.get(f"{url}/mailings/{number}/receipt", buffered=True)
    shown = [facts(client.get(f"{url}/mailings/{number}")), facts(receipt)]
    assert [(page["From"], page["Replies to"]) for page in shown] == [(NAME, "answers@organizers.org")] * 2


def test_C7_a_message_that_waits_keeps_the_name_that_was_frozen(app: Flask, api: Any, url: str, work: Any) -> None:
    waits = int(api.post(f"{url}/mailings", json=BODY, headers={"Idempotency-Key": "k"}).json["id"])
    with app.app_context(), transaction() as tx:
        tx.get_one(Mailing, waits).from_name = "Mller Shne"
    service = Recording()
    work(service)
    assert service.mails[0].data.startswith(b'From: "Mller Shne" <mail@organizers.org>\r\n')


@pytest.mark.parametrize(
    ("reply_to", "sender", "why"),
    [
        ("noreply@gala.org", "mail@organizers.org", "they go to noreply@gala.org."),
        ("", "no-reply@organizers.org", f"they go to no-reply@organizers.org, {SHARED}."),
        ("", "eventmail@localhost", f"they go to eventmail@localhost, {SHARED}."),
        ("team@gala.org", "no-reply@organizers.org", ""),
        ("", "mail@organizers.org", ""),
    ],
)
def test_C7_answers_that_nobody_reads_are_worth_a_look_for_people_and_programs(
    app: Flask, client: Client, api: Any, url: str, edit: Any, reply_to: str, sender: str, why: str
) -> None:
    edit(reply_to=reply_to)
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"from_": sender})
    said = [f"It looks as if nobody reads answers: {why}"] if why else []
    shown = client.submit(f"{url}/messages/preview", TYPED, headers=partial()).text
    assert re.findall("It looks as if nobody reads answers: [^<]*", shown) == said
    warnings = [{"code": "UNREAD_ANSWERS", "message": each, "part": "reply_to", "count": None} for each in said]
    body = {name: TYPED[name] for name in ("subject", "preheader", "body")} | {"audience": BODY["audience"]}
    assert api.post(f"{url}/audience-previews", json=body).json["warnings"] == warnings
    dry = api.post(f"{url}/mailings", json={"kind": "one_time", "dry_run": True, **body})
    assert dry.json["warnings"] == warnings
