"""Requests made up from the API's document: none breaks anything, and each is answered as the document says."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_dict
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from eventmail.web.api import openapi
from eventmail.web.areas import AREAS
from eventmail.web.core.area import Section, sections
from tests.support import contract, seeding
from tests.support.budgets import budget, in_soak
from tests.support.seeding import Person
from tests.support.web import Client

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
TRIES = 5  # of each operation and way
QUERIES: dict[str, dict[str, Any]] = {  # made up, hardly any is of this event
    "messaging.exclusions": {"statuses": ["confirmed"]},
    "preview.fallbacks": {"statuses": ["confirmed"], "field": "guest.firstName"},
    "preview.dead": {"statuses": ["confirmed"], "field": "guest.firstName", "body": "[x]({guest.firstName})"},
}
NEVER_DONE = {
    "PATCH drafts.change",  # what the URL names was sent
    "POST calendar_updates.begin",  # nobody has the event otherwise in a mail
    "POST erasure.erase",  # whoever erases types the guest's own address
    "POST runs.retry",  # nobody failed
    "POST runs.decide",  # nothing is in doubt
    "POST webhooks.generic",  # nothing is signed
}

BY_CHANCE = {"POST guest_bulk.change"}  # only where a made-up guest happens to be one


@pytest.fixture
def seeded(event_id: int, api: Client, client: Client, add_guests: Callable[..., list[int]]) -> dict[str, str]:
    """What the URLs name: an event with guests, a segment, an entry on the list, a mailing, a test, a change."""
    here = f"/admin/events/{event_id}"
    guests = add_guests(4, attributes={"table": "7"})
    segment = api.post(f"{here}/segments", json={"name": "Staff", "guests": [str(guests[0])]})
    entry = api.post(f"{here}/suppressions", json={"address": "off@guests.example.net"})
    change = api.post(f"{here}/guests/changes", json={"change": "add_tag", "tag": "vip", "guests": [str(guests[0])]})
    text = {"subject": "Hello {guest.firstName}", "body": "Hi"}
    mailing = api.post(
        f"{here}/mailings",
        json={"kind": "one_time", **text, "audience": {"guests": [str(guests[1]), str(guests[2])]}},
        headers={"Idempotency-Key": "seeded"},
    )
    test = api.post(f"{here}/mailings/test-sends", json=text, headers={"Idempotency-Key": "seeded-test"})
    file = {"file": (io.BytesIO(b"email\nada@guests.example.net\n"), "guests.csv")}
    upload = client.submit(f"{here}/guests/import", file, content_type="multipart/form-data")
    design = api.post(f"{here}/email-templates", json={"name": "Hello", "message_type": "update", **text})
    api.post(f"{design.location}/publication", json={})
    proof = api.post(f"{design.location}/test-sends", json={}, headers={"Idempotency-Key": "seeded-design"})
    return {
        "event_id": str(event_id),
        "design_id": design.get_json()["id"],
        "number": "1",
        "design_preview.tested mailing_id": proof.get_json()["id"],
        "guest_id": str(guests[3]),
        "segment_id": segment.get_json()["id"],
        "suppression_id": entry.get_json()["id"],
        "change_id": change.get_json()["id"],
        "mailing_id": mailing.get_json()["id"],
        "test_sends.watch mailing_id": test.get_json()["id"],
        "token": upload.location.rpartition("/")[2],
    }


@pytest.mark.parametrize("section", [Section.MESSAGES, *in_soak(*(s for s in Section if s is not Section.MESSAGES))])
def test_made_up_requests_are_answered_as_the_document_says(
    section: Section, app: Flask, owner: Person, seeded: dict[str, str]
) -> None:
    with app.app_context():
        token = seeding.add_api_token(owner)
    schema = from_dict(contract.strict(openapi.document(app)))
    schema.app = app
    answered: dict[str, set[int]] = {}
    found: list[Any] = [result.ok() for result in schema.include(tag=section).get_all_operations()]  # type: ignore[union-attr]
    for operation in sorted(found, key=lambda operation: operation.method == "delete"):
        name = f"{operation.method.upper()} {operation.definition.raw['operationId']}"
        answered[name] = set().union(*(_ask(cases, token) for cases in _ways(operation, seeded)))
    done = {name for name, statuses in answered.items() if min(statuses) < 300}
    assert done - BY_CHANCE == {operation.asks for operation in sections(AREAS)[section]} - NEVER_DONE - BY_CHANCE, (
        answered
    )


def _ways(operation: APIOperation, seeded: dict[str, str]) -> list[st.SearchStrategy[Case]]:
    """As in the example; good requests about what is there, bad ones about it, and good ones about what is not."""
    endpoint = operation.definition.raw["operationId"]
    names = [name for name in seeded if f"{{{name}}}" in operation.path]
    named = {name: seeded.get(f"{endpoint} {name}", seeded[name]) for name in names}
    about: dict[str, Any] = {"path_parameters": named or None, "headers": {"Idempotency-Key": "fuzz"}}
    ways = [operation.as_strategy(**about)]
    content = operation.definition.raw.get("requestBody", {"content": {}})["content"]
    for kind, media in content.items():
        ways.insert(0, operation.as_strategy(**about, body=media["example"], media_type=kind))
        if "schema" in media:
            ways.append(operation.as_strategy(GenerationMode.NEGATIVE, **about))
    if endpoint in QUERIES:
        ways.append(operation.as_strategy(**about, query=QUERIES[endpoint]))
    if named:
        ways.append(operation.as_strategy())
    return ways


def _ask(cases: st.SearchStrategy[Case], token: str) -> set[int]:
    answered: set[int] = set()

    @settings(
        max_examples=budget(TRIES, soaked=10),
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def ask(case: Case) -> None:
        # as it is: what is compressed would not be read
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "Accept-Encoding": "identity"}
        answered.add(case.call_and_validate(headers=headers, checks=CHECKS).status_code)

    ask()
    return answered
