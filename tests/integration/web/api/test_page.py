"""The page about the API: made of the document, so that it can't tell anything else."""

import re
from typing import Any

from flask import Flask

from eventmail.web.api import openapi
from eventmail.web.api import page as api_page
from eventmail.web.api.page import Kind
from tests.support.web import Client

PAGE = "/admin/api"


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def test_every_operation_of_the_document_is_on_the_page(app: Flask, client: Client) -> None:
    page = client.get(PAGE).text
    operations = [o for path in openapi.document(app)["paths"].values() for o in path.values()]
    assert page.count('data-test="api-operation"') == len(operations)
    for operation in operations:
        assert f'id="{operation["operationId"]}"' in page


def test_an_operation_says_how_it_is_asked_what_it_takes_and_what_it_answers(client: Client) -> None:
    article = client.get(PAGE).text.split('id="mailings.create"')[1].split("</article>")[0]
    told = text(article)
    for part in (
        "POST /admin/events/{event}/mailings", "Idempotency-Key", "kind required", "202", "MailingOut",
        "409", "NO_RECIPIENTS", "AUDIENCE_CHANGED", "422", "IDEMPOTENCY_KEY_REUSED",
        "curl http://127.0.0.1:8000/admin/events/EVENT/mailings", "-H &#34;Authorization: Bearer $TOKEN&#34;",
        "-H &#34;Idempotency-Key: $(uuidgen)&#34;", "The doors open at six",
    ):  # fmt: skip
        assert part in told, part


def test_every_link_on_the_page_leads_to_something_on_it(client: Client) -> None:
    page = client.get(PAGE).text
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    leads = set(re.findall(r'href="#([^"]+)"', page))
    assert len(leads) > 60
    assert leads <= set(ids)


def test_nothing_comes_from_elsewhere_and_nothing_runs_that_other_pages_have_not(client: Client) -> None:
    page = client.get(PAGE).text
    fetched = re.findall(r'(?:src|<link[^>]+href)="([^"]+)"', page)
    assert fetched
    assert all(address.startswith("/static/") for address in fetched)


def test_the_account_leads_to_the_page_and_the_page_to_the_document(client: Client) -> None:
    assert f'href="{PAGE}"' in client.get("/admin/account").text
    page = client.get(PAGE).text
    assert 'href="/openapi.json"' in page
    assert 'href="/admin/account#tokens"' in page


def test_a_program_gets_the_document_at_the_address_of_the_page(app: Flask, api: Client) -> None:
    assert api.get(PAGE).json == openapi.document(app)


def test_who_is_not_signed_in_gets_the_document_but_no_page(visitor: Client) -> None:
    assert visitor.get(PAGE).location == f"/sign-in?next={PAGE}"
    assert visitor.get("/openapi.json").status_code == 200


def test_kinds_are_said_in_plain_words() -> None:
    reference = {"$ref": "#/components/schemas/GuestOut"}
    said: dict[Kind, dict[str, Any]] = {
        Kind("text", null=True): {"anyOf": [{"type": "string"}, {"type": "null"}]},
        Kind("list of", "GuestOut"): {"type": "array", "items": reference},
        Kind("", "GuestOut", null=True): {"anyOf": [reference, {"type": "null"}]},
        Kind("page of", "GuestOut"): {"$ref": "#/components/schemas/Listed_GuestOut_"},
        Kind("one of", choices=("sent", "failed")): {"type": "string", "enum": ["sent", "failed"]},
        Kind("instant"): {"type": "string", "format": "date-time"},
        Kind("number"): {"type": "integer"},
        Kind("anything"): {},
    }
    assert [api_page.kind(schema) for schema in said.values()] == list(said)
