"""Makes the API's document (OpenAPI 3.1) from the operations of the areas, the URL map, and the types of the code."""

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from flask import Flask
from pydantic import TypeAdapter
from werkzeug.routing import Rule

from eventmail import __version__, errors
from eventmail.web.api.schemas import ProblemOut
from eventmail.web.core.access import OPEN
from eventmail.web.core.area import CSV, Operation, Query, sections
from eventmail.web.public.schemas import HealthOut

Json = dict[str, Any]
_REF = "#/components/schemas/{model}"
_TEXT = {"schema": {"type": "string"}}
_DESCRIPTION = (
    "Send `Authorization: Bearer TOKEN`; tokens are made on the account page. Lists have pages. A refusal is "
    "`application/problem+json` and changed nothing: decide by its `code`, show its `detail`. Instants in answers are "
    "in UTC; times that a person chooses go in as local time. Ids are opaque."
)
_HEADERS: Json = {
    "RequestId": {"description": "Names this request; it stands in the log, too.", "required": True, **_TEXT},
    "Replayed": {"description": "`true`: this key came before, and nothing was sent again.", **_TEXT},
    "Location": {"description": "The address of what was made.", "required": True, **_TEXT},
    "RetryAfter": {
        "description": "In so many seconds it is worth another try.",
        "required": True,
        "schema": {"type": "integer"},
    },
}


def document(app: Flask) -> Json:
    """The whole document, made once for each application."""
    if "openapi" not in app.extensions:
        app.extensions["openapi"] = _made(app)
    return app.extensions["openapi"]


def rule_of(app: Flask, operation: Operation) -> Rule:
    """The rule of the URL map that answers `operation`. Raises LookupError when there is none."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint == operation.endpoint and operation.method in (rule.methods or ()):
            return rule
    raise LookupError(f"No route answers {operation.asks}.")


def path_of(rule: Rule) -> str:
    """The rule as a path template: `/admin/events/{event_id}`."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)


def refusals(operation: Operation, rule: Rule, *, open_: bool) -> list[type[errors.DomainError]]:
    """Every error that `operation` may answer with, sorted by status; its own and those of every request."""
    writes = operation.method != "GET"
    usual: list[tuple[Any, list[type[errors.DomainError]]]] = [
        (not open_, [errors.NotSignedIn, errors.RateLimited]),
        (not open_ and writes, [errors.ReadOnlyToken]),
        (rule.arguments, [errors.NotFound]),
        (operation.takes or operation.query or operation.keyed, [errors.InvalidInput]),
        (operation.takes, [errors.TooLarge]),
        (HealthOut not in operation.answers.values(), [errors.Unavailable, errors.Busy, errors.DiskFull]),
    ]
    found = {*operation.refusals, *(kind for applies, kinds in usual if applies for kind in kinds)}
    return sorted(found, key=lambda kind: (kind.status, kind.code))


def _made(app: Flask) -> Json:
    rows = sections(app.extensions["areas"])
    operations = [operation for members in rows.values() for operation in members]
    inputs = [("problem", "serialization", TypeAdapter(ProblemOut))]
    inputs += [
        (f"{operation.asks} {status}", "serialization", TypeAdapter(type_))
        for operation in operations
        for status, type_ in operation.answers.items()
        if type_ and type_ != CSV
    ]
    inputs += [
        (operation.asks, "validation", TypeAdapter(operation.takes))
        for operation in operations
        if operation.takes and not isinstance(operation.takes, str)
    ]
    schemas, shared = TypeAdapter.json_schemas(inputs, ref_template=_REF)  # type: ignore[arg-type]
    of = {name: schema for (name, _), schema in schemas.items()}
    parts: Json = {
        "schemas": shared["$defs"],
        "headers": _HEADERS,
        "responses": {},
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    }
    paths: Json = {}
    for section, members in rows.items():
        for operation in members:
            rule = rule_of(app, operation)
            open_ = bool(getattr(app.view_functions[operation.endpoint], OPEN, False))
            described = _operation(operation, rule, of, parts["responses"], open_=open_)
            paths.setdefault(path_of(rule), {})[operation.method.lower()] = {"tags": [section], **described}
    return {
        "openapi": "3.1.0",
        "info": {"title": "eventmail", "version": __version__, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": section} for section in rows],
        "paths": paths,
        "components": parts,
    }


def _operation(operation: Operation, rule: Rule, of: Mapping[str, Any], responses: Json, *, open_: bool) -> Json:
    parameters = [
        *map(_in_path, sorted(rule.arguments, key=path_of(rule).index)),
        *map(_in_query, operation.query),
        *([_key(operation)] if operation.keyed else []),
    ]
    answers = {
        str(status): _answer(operation, status, type_, of.get(f"{operation.asks} {status}"))
        for status, type_ in operation.answers.items()
    }
    for status, group in groupby(refusals(operation, rule, open_=open_), key=lambda kind: kind.status):
        answers[str(status)] = _refusal(list(group), responses)
    return {
        "operationId": operation.endpoint,
        "summary": operation.does,
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": _body(operation, of)} if operation.takes else {}),
        **({"security": []} if open_ else {}),
        "responses": dict(sorted(answers.items())),
    }


def _in_path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, **_TEXT}


def _in_query(query: Query) -> Json:
    schema: Json = {"type": query.type, **({"enum": list(query.words)} if query.words else {})}
    whole = {"type": "array", "items": schema} if query.many else schema
    return {"name": query.name, "in": "query", "description": query.says, "schema": whole}


def _key(operation: Operation) -> Json:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": not any(type_ for status, type_ in operation.answers.items() if status == 200),  # a dry run
        "description": "New for each message, kept for a day: the same key never sends twice.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    }


def _body(operation: Operation, of: Mapping[str, Any]) -> Json:
    example = {"example": operation.example} if operation.example is not None else {}
    if isinstance(operation.takes, str):
        return {"required": True, "content": {operation.takes: example}}
    return {"required": True, "content": {"application/json": {"schema": of[operation.asks], **example}}}


def _answer(operation: Operation, status: int, type_: Any, schema: Any) -> Json:
    headers = {"X-Request-Id": "RequestId"}
    if operation.keyed and status == 202:
        headers["Idempotent-Replayed"] = "Replayed"
    if status == 201 or (operation.keyed and status == 202):
        headers["Location"] = "Location"
    answer = {"description": _SAYS.get(status, "Answered."), "headers": _headers(headers)}
    if type_ == CSV:
        return answer | {"content": {CSV: _TEXT}}
    if type_ is None:
        return answer
    return answer | {"content": {"application/json": {"schema": schema}, **({CSV: _TEXT} if operation.csv else {})}}


_SAYS = {200: "Done.", 201: "Made.", 202: "Taken; it leaves by itself.", 204: "Done; there is nothing to tell."}


def _refusal(kinds: list[type[errors.DomainError]], responses: Json) -> Json:
    """The one answer for all codes of a status, put into `responses`."""
    name = ".".join(kind.__name__ for kind in kinds)
    headers = {"X-Request-Id": "RequestId"}
    if {errors.RateLimited, errors.Unavailable} & set(kinds):
        headers["Retry-After"] = "RetryAfter"
    codes = {"properties": {"code": {"enum": [kind.code for kind in kinds]}}}
    responses[name] = {
        "description": " ".join(f"`{kind.code}`: {kind.title}." for kind in kinds),
        "headers": _headers(headers),
        "content": {
            "application/problem+json": {"schema": {"allOf": [{"$ref": _REF.format(model="ProblemOut")}, codes]}}
        },
    }
    return {"$ref": f"#/components/responses/{name}"}


def _headers(names: Mapping[str, str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{part}"} for name, part in names.items()}
