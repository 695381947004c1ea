"""What may come in: forms, JSON, keys, page numbers."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from pydantic import Field

from eventmail.errors import InvalidInput
from eventmail.web.core import intake


class Sample(intake.Body):
    name: str
    words: list[str] = Field(default_factory=list)
    number: int | None = Field(default=None)


@contextlib.contextmanager
def request(app: Flask, **kwargs: Any) -> Iterator[None]:
    with app.test_request_context("/", **{"method": "POST", **kwargs}):
        yield


def complaints(refused: pytest.ExceptionInfo[InvalidInput]) -> list[tuple[str, str]]:
    return [(error.field, error.message) for error in refused.value.fields]


def test_a_form_and_json_are_the_same_body(app: Flask) -> None:
    lists = frozenset({"words"})
    with request(app, json={"name": " Ada ", "words": ["a", "b"]}):
        by_json = intake.parse(Sample, lists=lists)
    with request(app, data={"name": " Ada ", "words": ["a", "b", ""], "csrf_token": "x", "idempotency_key": "k"}):
        by_form = intake.parse(Sample, lists=lists)
    assert by_json == by_form == Sample(name="Ada", words=["a", "b"])


def test_an_unknown_member_is_refused_by_name(app: Flask) -> None:
    with request(app, json={"name": "Ada", "nmae": 1, "dry-run": True}), pytest.raises(InvalidInput) as refused:
        intake.parse(Sample)
    sentence = "This is not a field we know."
    assert sorted(complaints(refused)) == [("dry-run", sentence), ("nmae", sentence)]


def test_every_complaint_is_named_at_once(app: Flask) -> None:
    with request(app, json={"words": ["a", 1]}), pytest.raises(InvalidInput) as refused:
        intake.parse(Sample)
    assert complaints(refused) == [("name", "Please fill this in."), ("words.1", "This must be text.")]
    assert refused.value.detail == "name: Please fill this in.; words.1: This must be text."


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_null_is_absent_but_in_a_patch(app: Flask, method: str) -> None:
    body = {"a": None, "b": {"c": None, "d": {"e": None}}, "f": [None], "g": 0, "h": ""}
    with request(app, method=method, json=body):
        assert intake.json_body() == {"b": {"d": {}}, "f": [None], "g": 0, "h": ""}
    with request(app, method="PATCH", json=body):
        assert intake.json_body() == body


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"1", b"null", b'"x"', b"\xff", b"[" * 50_000, b"1" * 5000])
def test_what_is_no_json_object_is_refused_in_one_sentence(app: Flask, data: bytes) -> None:
    with request(app, data=data, content_type="application/json"), pytest.raises(InvalidInput) as refused:
        intake.parse(Sample)
    assert refused.value.detail == "The body must be one JSON object."


@pytest.mark.parametrize(
    ("header", "field", "key"),
    [
        (None, None, None), ("", None, None), (" ", " ", None), ("k", None, "k"), (None, "k", "k"), ('"k"', "k", "k"),
        ("k", '"k"', "k"), (" k ", None, "k"), ('"', None, '"'), ("x" * 255, None, "x" * 255),
    ],
)  # fmt: skip
def test_a_key_in_header_or_form_quoted_or_bare(
    app: Flask, header: str | None, field: str | None, key: str | None
) -> None:
    headers = {} if header is None else {"Idempotency-Key": header}
    with request(app, headers=headers, data={} if field is None else {"idempotency_key": field}):
        assert intake.idempotency_key() == key


@pytest.mark.parametrize(
    ("header", "field"), [("a", "b"), ("x" * 256, None), ("a b", None), ('""', None), (None, "ü"), (None, "a\x00")]
)
def test_two_keys_or_a_strange_one_are_refused(app: Flask, header: str | None, field: str | None) -> None:
    headers = {} if header is None else {"Idempotency-Key": header}
    with (
        request(app, headers=headers, data={} if field is None else {"idempotency_key": field}),
        pytest.raises(InvalidInput),
    ):
        intake.idempotency_key()


@pytest.mark.parametrize(
    ("query", "page", "size"),
    [
        ("", 1, 50), ("page=3&per_page=20", 3, 20), ("page=0&per_page=0", 1, 1), ("page=-5&per_page=-5", 1, 1),
        ("page=x&per_page=y", 1, 50), ("page=1e3&per_page=1.5", 1, 50), ("per_page=201", 1, 200),
        ("page=" + "9" * 30, 10**9, 50), ("page=" + "9" * 5000, 1, 50), ("page=%00&per_page=%00", 1, 50),
    ],
)  # fmt: skip
def test_a_page_number_is_always_one_that_can_be(app: Flask, query: str, page: int, size: int) -> None:
    with request(app, query_string=query):
        assert intake.paging() == {"page": page, "size": size}
