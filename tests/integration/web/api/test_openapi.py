"""The API's document: whole, valid, and the same as the code."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from pydantic import TypeAdapter
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from eventmail import errors
from eventmail.web.api import openapi
from eventmail.web.areas import AREAS
from eventmail.web.core.area import NOTHING, Area, Operation, Section, sections
from tests.support.web import Client

ASKS = "it asks before something is done, as a page; the request that does it is there"
BROWSER = "who gets in is changed in a browser; a token is refused"
FORM = "a form of that page; programs have a request of their own"
PAGE = "a page alone"
SAME = "the same answer as at the address of “New message”, which is there"
PUBLIC = "for guests and for those who sign in; no JSON"

NOT_IN_IT = {
    "GET static": "files of the pages",
    "GET account.home": "leads to the events",
    **{f"{method} account.{name}": PUBLIC for method, name in (
        ("GET", "sign_in"), ("POST", "begin_session"), ("GET", "open_link"), ("POST", "join"), ("POST", "sign_out"),
        ("GET", "forgotten"), ("POST", "ask_for_link"))},
    **{f"{method} unsubscribe.{name}": PUBLIC for method, name in (
        ("GET", "preview"), ("POST", "preview"), ("GET", "page"), ("POST", "leave"), ("GET", "returning"),
        ("POST", "come_back"))},
    "GET calendar_address.answer": "a calendar file or a page for guests",
    "POST preview.editor": BROWSER,
    "GET erasure.asking": "asks before a guest is erased",
    "GET former.asking": ASKS,
    **{f"POST me.{name}": BROWSER for name in
       ("edit", "change_password", "choose_mails", "end_session", "end_others", "add_token", "revoke_token")},
    **{f"POST people.{name}": BROWSER for name in ("invite", "revoke", "change_role", "issue_link", "remove")},
    "GET people.removal": ASKS,
    "GET event_life.cancellation": ASKS,
    "GET event_life.archive_page": ASKS,
    "GET event_life.calendar_links": ASKS,
    "GET guests.deletion": ASKS,
    "GET drafts.deletion": ASKS,
    **{f"POST drafts.{name}": FORM for name in ("save", "copy", "again", "delete")},
    "GET segments.deletion": ASKS,
    "POST former.erase": PAGE,
    "POST guests.save": FORM,
    "POST guests.remove": FORM,
    "POST segments.save": FORM,
    "POST segments.remove": FORM,
    "POST segments.copy": FORM,
    "POST segments.preview": FORM,
    "POST segments.find": FORM,
    "POST suppressions.lift": FORM,
    "POST events.save": FORM,
    "POST imports.decide": FORM,
    **{f"POST preview.{name}": FORM for name in ("dead", "fallbacks", "fields")},
    "POST messaging.exclusions": FORM,
    "POST messaging.preview": FORM,
    "POST messaging.review": FORM,
    "POST messaging.send": FORM,
    **{f"POST scheduling.{name}": FORM for name in
       ("preview", "editor", "exclusions", "fields", "fallbacks", "dead_links", "save", "copy", "schedule", "change",
        "later")},
    **{f"{asks} scheduling.{name}": SAME for asks, name in
       (("GET", "exclusions"), ("GET", "fallbacks"), ("GET", "dead_links"), ("POST", "test"), ("GET", "tested"))},
    **{f"POST calendar.{name}": FORM for name in
       ("preview", "editor", "exclusions", "fields", "fallbacks", "dead_links", "save", "copy", "review", "send")},
    **{f"{asks} calendar.{name}": SAME for asks, name in
       (("GET", "exclusions"), ("GET", "fallbacks"), ("GET", "dead_links"), ("POST", "test"), ("GET", "tested"))},
    "GET scheduling.standing": "a part of the page that keeps itself up to date",
    **{f"POST designs.{name}": FORM for name in
       ("preview", "editor", "fields", "fallbacks", "dead_links", "save", "copy", "present")},
    **{f"POST design.{name}": FORM for name in ("review", "delete_by_form", "use", "take")},
    "GET design.copying": ASKS,
    "GET design.deletion": ASKS,
    "GET design.published": "leads to the design",
    **{f"GET designs.{name}": SAME for name in ("fallbacks", "dead_links")},
    **{f"POST schedule.{name}": FORM for name in ("cancel", "reopen", "accept", "start")},
    "POST sending.send": FORM,
    **{f"GET {name}": PAGE for name in (
        "events.new", "events.copy_page", "events.settings", "guests.new", "imports.choose", "guest_paste.paste",
        "segments.new", "messaging.compose", "messaging.mail", "mailings.mail",
        "scheduling.mail", "calendar.mail", "designs.new", "designs.mail", "outbox.listing", "outbox.read",
        "outbox.html", "suppressions.importing", "sending.page")},
}  # fmt: skip


def asked(app: Flask) -> set[str]:
    """Every request that the application answers, as `METHOD endpoint`."""
    return {
        f"{method} {rule.endpoint}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }


def documented() -> set[str]:
    return {operation.asks for section in sections(AREAS).values() for operation in section}


def operations(app: Flask) -> list[dict[str, Any]]:
    return [operation for path in openapi.document(app)["paths"].values() for operation in path.values()]


def test_every_route_is_in_the_document_or_has_a_reason_not_to_be(app: Flask) -> None:
    missing = asked(app) - documented() - set(NOT_IN_IT)
    assert not missing, "Add them to the area that answers them, or to NOT_IN_IT with a reason."
    assert documented() | set(NOT_IN_IT) == asked(app)
    assert not documented() & set(NOT_IN_IT)


def test_an_operation_without_a_route_makes_no_document(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Operation("GET events.nowhere", "There is no such route.", {204: NOTHING})
    monkeypatch.setitem(app.extensions, "areas", (Area((), {Section.EVENTS: (nowhere,)}),))
    monkeypatch.delitem(app.extensions, "openapi", raising=False)  # a test before may have made it
    with pytest.raises(LookupError, match=r"No route answers GET events\.nowhere"):
        openapi.document(app)


def test_a_page_that_is_left_out_answers_no_json(
    app: Flask, api: Client, event_id: int, add_guest: Callable[..., int]
) -> None:
    """What answers JSON belongs into the document."""
    values = {"event_id": event_id, "guest_id": add_guest(), "user_id": 1}
    left_out = {asks.partition(" ")[2] for asks, reason in NOT_IN_IT.items() if asks[:4] == "GET " and reason != PUBLIC}
    seen = set()
    for rule in app.url_map.iter_rules():
        if rule.endpoint in left_out and rule.arguments <= set(values):
            answer = api.get(rule.build({name: str(values[name]) for name in rule.arguments})[1])  # type: ignore[index]
            assert answer.mimetype != "application/json", rule
            seen.add(rule.endpoint)
    assert {"events.new", "messaging.compose", "outbox.listing", "guests.deletion"} <= seen


def test_it_is_open_to_everyone_and_valid_openapi_3_1(app: Flask, visitor: Client) -> None:
    answer = visitor.get("/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.get_json() == openapi.document(app)
    assert answer.get_json()["openapi"] == "3.1.0"
    OPENAPI_31_VALIDATOR.validate(answer.get_json())


def test_every_reference_leads_somewhere(app: Flask) -> None:
    document = openapi.document(app)
    found = set(_references(document))
    assert len(found) > 50
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def _references(part: Any) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def test_every_error_code_that_json_can_meet_is_in_it(app: Flask) -> None:
    """The others belong to forms of the browser."""
    responses = openapi.document(app)["components"]["responses"]
    written = {
        code
        for response in responses.values()
        for code in response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]["enum"]
    }
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DomainError)]
    in_browsers = {"BAD_CREDENTIALS", "LINK_EXPIRED", "CSRF_FAILED", "NOT_BY_TOKEN", "ALREADY_REGISTERED", "LAST_OWNER",
                   "EVENT_CHANGED", "LINK_REPLACED"}  # fmt: skip
    assert written == {kind.code for kind in kinds if hasattr(kind, "code")} - in_browsers


def test_whatever_asks_for_a_token_tells_of_401_and_429(app: Flask) -> None:
    for operation in operations(app):
        statuses = set(operation["responses"])
        assert ({"401", "429"} <= statuses) == (operation.get("security") != []), operation["operationId"]


def test_no_two_operations_share_a_name(app: Flask) -> None:
    names = [operation["operationId"] for operation in operations(app)]
    assert sorted(names) == sorted(set(names))
    assert set(names) == {asks.partition(" ")[2] for asks in documented()}


def test_an_example_is_a_body_that_its_model_takes() -> None:
    tried = 0
    for section in sections(AREAS).values():
        for operation in section:
            if operation.takes and not isinstance(operation.takes, str):
                TypeAdapter(operation.takes).validate_python(operation.example)
                tried += 1
    assert tried >= 15
