"""The API's document: as JSON for programs, and as a page for people who write one.

The JSON is open to everybody, since it tells nothing of this installation.
"""

import json
import re
import shlex
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, current_app

from eventmail import errors
from eventmail.errors import Busy, DiskFull, DomainError, NotSignedIn, RateLimited, TooLarge, Unavailable
from eventmail.web.api import openapi
from eventmail.web.core.access import open_to_everyone
from eventmail.web.core.area import CSV
from eventmail.web.core.context import settings
from eventmail.web.core.respond import as_json, respond

bp = Blueprint("api_page", __name__)

Json = dict[str, Any]
_EVERYWHERE = {error.code for error in (NotSignedIn, RateLimited, Unavailable, Busy, DiskFull, TooLarge)}
_PLAIN = {"string": "text", "integer": "number", "number": "number", "boolean": "true or false", "object": "object"}


@dataclass(frozen=True)
class Kind:
    """The kind of a member, in `words` that end with the name of a shape or with choices; `null`: it may be null."""

    words: str
    shape: str = ""
    choices: tuple[str, ...] = ()
    null: bool = False


@dataclass(frozen=True)
class Member:
    name: str
    kind: Kind
    says: str
    required: bool


@dataclass(frozen=True)
class Shown:
    """One operation as the page shows it. `takes` and `answers` list alternatives, `refusals` has (status, codes).

    The page says once what every list takes and what every request may be refused with, so both are left out here.
    """

    name: str
    method: str
    path: str
    says: str
    takes: list[tuple[str, list[Member]]]
    query: list[Member]
    answers: list[tuple[str, list[Kind]]]
    refusals: list[tuple[str, list[str]]]
    curl: str
    open: bool


@bp.get("/openapi.json")
@open_to_everyone
def document() -> Response:
    """What every request takes and answers, for programs."""
    return as_json(openapi.document(current_app))


@bp.get("/admin/api")
def page() -> Response:
    """The same for people."""
    whole = openapi.document(current_app)
    shapes = whole["components"]["schemas"]
    sections: dict[str, list[Shown]] = {tag["name"]: [] for tag in whole["tags"]}
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            sections[operation["tags"][0]].append(_shown(method.upper(), path, operation, whole))
    return respond(
        page="api/page.html",
        json=lambda: whole,
        sections=sections,
        shapes={
            name: (shape.get("description", ""), _members(shape))
            for name, shape in sorted(shapes.items())
            if name.endswith("Out") or name in ("Counts", "Criteria") or name.startswith("Receipt")
        },
        codes=_codes(whole),
        base=settings().public_url,
    )


def _shown(method: str, path: str, operation: Json, whole: Json) -> Shown:
    shapes = whole["components"]["schemas"]
    given = operation.get("parameters", [])
    content = operation.get("requestBody", {}).get("content", {})
    media = next(iter(content), "")
    schema = content.get(media, {}).get("schema", {})
    taken = [shapes[_last(one["$ref"])] for one in schema.get("anyOf", [schema]) if "$ref" in one]
    answers, refusals = [], []
    for status, answer in operation["responses"].items():
        if "$ref" in answer:
            codes = _codes_of(whole["components"]["responses"][_last(answer["$ref"])])
            if not _EVERYWHERE.issuperset(codes):
                refusals.append((status, codes))
        else:
            answers.append((status, _answer_kinds(answer)))
    return Shown(
        name=operation["operationId"],
        method=method,
        path=re.sub(r"\{(\w+?)(_id)?\}", r"{\1}", path),
        says=operation["summary"],
        takes=[(one.get("description", ""), _members(one)) for one in taken]
        or ([({CSV: "The file."}.get(media, "Any JSON."), [])] if media else []),
        query=[
            Member(one["name"], kind(one["schema"]), one.get("description", ""), one.get("required", False))
            for one in given
            if one["in"] != "path" and one["name"] not in ("page", "per_page")
        ],
        answers=answers,
        refusals=refusals,
        curl=_curl(method, path, media, content.get(media, {}).get("example"), operation),
        open=operation.get("security") == [],
    )


def _answer_kinds(answer: Json) -> list[Kind]:
    content = answer.get("content", {})
    if "application/json" not in content:
        return [Kind("CSV")] if content else []
    schema = content["application/json"]["schema"]
    return [kind(one) for one in schema.get("anyOf", [schema])]


def _members(schema: Json) -> list[Member]:
    required = schema.get("required", ())
    return [
        Member(name, kind(member), member.get("description", ""), name in required)
        for name, member in schema.get("properties", {}).items()
    ]


def kind(schema: Json) -> Kind:
    """The kind that a schema allows, in plain words."""
    if "$ref" in schema:
        name = _last(schema["$ref"])
        listed = re.fullmatch(r"Listed_(\w+)_", name)
        return Kind("page of", listed[1]) if listed else Kind("", name)
    if "anyOf" in schema:
        some = [kind(part) for part in schema["anyOf"] if part.get("type") != "null"]
        return replace(some[0], null=len(some) < len(schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return Kind(
            "one of" if "enum" in schema else "", choices=tuple(map(str, schema.get("enum", (schema.get("const"),))))
        )
    if schema.get("type") == "array":
        inner = kind(schema.get("items", {}))
        return Kind(f"list of {inner.words}".strip(), inner.shape, inner.choices)
    if schema.get("format") == "date-time":
        return Kind("instant")
    types: Any = schema.get("type", "anything")
    return Kind(" or ".join(_PLAIN.get(one, one) for one in ([types] if isinstance(types, str) else types)))


def _curl(method: str, path: str, media: str, example: Any, operation: Json) -> str:
    url = settings().public_url + re.sub(r"\{(\w+?)(_id)?\}", lambda found: found[1].upper(), path)
    said = method == "GET" or (method == "POST" and media)  # curl takes these by itself
    lines = [f"curl {url}" if said else f"curl -X {method} {url}"]
    if operation.get("security") != []:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ())):
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if media == CSV:
        lines += [f"-H 'Content-Type: {CSV}'", "--data-binary @guests.csv"]
    elif media:
        lines += [f"-H 'Content-Type: {media}'", f"-d {shlex.quote(json.dumps(example, ensure_ascii=False))}"]
    return " \\\n  ".join(lines)


def _codes(whole: Json) -> list[tuple[str, int, str]]:
    """(code, status, title) of every refusal in the document, by status."""
    written = {code for response in whole["components"]["responses"].values() for code in _codes_of(response)}
    known = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DomainError)]
    kinds = {kind.code: kind for kind in known if hasattr(kind, "code")}  # a base of several kinds has none
    found = [(code, kinds[code].status, kinds[code].title) for code in written]
    return sorted(found, key=lambda row: (row[1], row[0]))


def _codes_of(response: Json) -> list[str]:
    schema = response["content"]["application/problem+json"]["schema"]
    return schema["allOf"][1]["properties"]["code"]["enum"]


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]
