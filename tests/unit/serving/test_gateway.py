"""From HTTP to WSGI and back."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import h11
import pytest

from eventmail.serving import gateway
from eventmail.serving.gateway import Address, NotOurs

HERE = Address(("192.0.2.1", 5), ("127.0.0.1", 8000))


def environ(target: str = "/", method: str = "GET", *headers: tuple[str, str]) -> dict[str, Any]:
    request = h11.Request(method=method, target=target, headers=[("Host", "here.example"), *headers])
    return {**gateway.environ(request, HERE), "wsgi.input": io.BytesIO()}


class Chunks:
    """What an application returns: told when it is closed."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def close(self) -> None:
        self.closed += 1


def says(chunks: Iterable[bytes], *headers: tuple[str, str], status: str = "200 OK") -> Any:
    def application(_environ: object, start_response: Any) -> Iterable[bytes]:
        start_response(status, list(headers))
        return chunks

    return application


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        ("/a%20b?c=%20d", "/a b", "c=%20d", "here.example"),
        ("//a", "//a", "", "here.example"),
        ("http://there.example/a?b", "/a", "b", "there.example"),
        ("HTTPS://there.example", "/", "", "there.example"),
        ("http://there.example?b=/c", "/", "b=/c", "there.example"),
        ("/%C3%A9", "/Ã©", "", "here.example"),
    ],
)
def test_a_target_becomes_path_query_and_host(target: str, path: str, query: str, host: str) -> None:
    made = environ(target)
    assert (made["PATH_INFO"], made["QUERY_STRING"], made["HTTP_HOST"]) == (path, query, host)


@pytest.mark.parametrize("target", ["a", "*", "there.example:443", "ftp://there.example/", "mailto:a@b.example"])
def test_what_is_no_address_of_a_web_server_is_not_ours(target: str) -> None:
    with pytest.raises(NotOurs):
        environ(target)


def test_names_with_an_underscore_and_what_the_server_decides_are_dropped() -> None:
    made = environ(
        "/", "POST", ("SCRIPT_NAME", "/x"), ("X_Forwarded_For", "1"), ("Content-Length", "7"), ("Content-Type", "a/b"),
        ("X-One", "1"), ("X-One", "2"), ("Cookie", "a=1"), ("Cookie", "b=2"),
    )  # fmt: skip
    told = {name: value for name, value in made.items() if name.startswith(("HTTP_", "CONTENT_", "SCRIPT_"))}
    assert told == {
        "SCRIPT_NAME": "", "CONTENT_TYPE": "a/b", "HTTP_HOST": "here.example", "HTTP_X_ONE": "1,2",
        "HTTP_COOKIE": "a=1; b=2",
    }  # fmt: skip


def test_an_answer_is_whole_and_its_source_closed() -> None:
    chunks = Chunks([b"a" * gateway.IN_MEMORY, b"", b"b"])
    answer = gateway.answer(says(chunks, ("Content-Length", "7"), ("Connection", "x")), environ())
    told = dict(answer.headers)
    assert (told[b"Content-Length"], b"Connection" in told) == (b"%d" % (gateway.IN_MEMORY + 1), False)
    assert (answer.body.read(), chunks.closed) == (b"a" * gateway.IN_MEMORY + b"b", 1)


@pytest.mark.parametrize(
    ("method", "status", "length"),
    [("HEAD", "200 OK", [b"7"]), ("GET", "304 Not Modified", [b"7"]), ("GET", "204 No Content", [])],
)
def test_an_answer_without_a_body_tells_what_the_application_said_of_it(
    method: str, status: str, length: list[bytes]
) -> None:
    answer = gateway.answer(says([b"1234567"], ("Content-Length", "7"), status=status), environ("/", method))
    assert ([value for name, value in answer.headers if name == b"Content-Length"], answer.body.read()) == (length, b"")


def test_an_application_that_breaks_in_the_middle_has_answered_nothing() -> None:
    def breaks() -> Iterator[bytes]:
        yield b"half"
        raise LookupError

    chunks = Chunks(breaks())
    with pytest.raises(LookupError):
        gateway.answer(says(chunks), environ())
    assert chunks.closed == 1


def test_what_was_written_the_old_way_comes_first() -> None:
    def application(_environ: object, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])(b"first ")
        return [b"second"]

    assert gateway.answer(application, environ()).body.read() == b"first second"
