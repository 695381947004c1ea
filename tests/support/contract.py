"""Holds every JSON answer that a test gets against the API's document: status, media type, and every member."""

import copy
from functools import cache
from typing import Any

import jsonschema_rs
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.test import TestResponse

from eventmail.web.api import openapi

_NOT_FOR_PROGRAMS = {"CSRF_FAILED", "METHOD_NOT_ALLOWED", "INTERNAL_SERVER_ERROR"}
_kept: dict[str, Any] = {}


def check(app: Flask, answer: TestResponse) -> None:
    """Fail when a documented request is answered with JSON in a way that its document does not know."""
    if answer.mimetype not in ("application/json", "application/problem+json"):
        return
    operation = _documented(app, answer)
    if operation is None:
        return
    value = answer.get_json()
    if answer.mimetype == "application/problem+json" and value["code"] in _NOT_FOR_PROGRAMS:
        return
    asked = f"{operation['operationId']} answered {answer.status_code} {answer.mimetype}"
    described = operation["responses"].get(str(answer.status_code))
    assert described, f"{asked}, which no area of eventmail/web says: {value}"
    media = _resolved(described)["content"].get(answer.mimetype)
    assert media, f"{asked}, which no area of eventmail/web says: {value}"
    wrong = _validator(operation["operationId"], str(answer.status_code), answer.mimetype).iter_errors(value)
    words = [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in wrong]
    assert not words, f"{asked}, which is not of its type in a `schemas` of eventmail/web: {words}"


def strict(document: dict[str, Any]) -> dict[str, Any]:
    """The document with every answer closed: a member that its type does not name is an error.

    Programs must take new members, so the document that they get leaves that open.
    """
    closed = copy.deepcopy(document)
    for schema in closed["components"]["schemas"].values():
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return closed


def _documented(app: Flask, answer: TestResponse) -> dict[str, Any] | None:
    asked = answer.request
    try:
        rule, _ = app.url_map.bind("localhost").match(asked.path, asked.method, return_rule=True)
    except (HTTPException, RequestRedirect):
        return None
    if not _kept:
        _kept.update(strict(openapi.document(app)))
    operation: dict[str, Any] | None = _kept["paths"].get(openapi.path_of(rule), {}).get(asked.method.lower())
    return operation if operation and operation["operationId"] == rule.endpoint else None


def _resolved(described: dict[str, Any]) -> Any:
    reference = described.get("$ref")
    return _kept["components"]["responses"][reference.rpartition("/")[2]] if reference else described


@cache
def _validator(name: str, status: str, mimetype: str) -> Any:
    operation = next(o for path in _kept["paths"].values() for o in path.values() if o["operationId"] == name)
    schema = _resolved(operation["responses"][status])["content"][mimetype]["schema"]
    return jsonschema_rs.validator_for(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **schema,
            "components": {"schemas": _kept["components"]["schemas"]},
        },
        validate_formats=True,
    )
