"""What goes out compressed, and that it is the same."""

import gzip
from typing import Any

import pytest

from tests.support.web import Client


@pytest.mark.parametrize("url", ["/sign-in", "/static/css/app.css", "/static/vendor/htmx@4.0.1/htmx.min.js"])
def test_text_is_compressed_for_whoever_takes_it_and_the_same_for_all(visitor: Client, url: str) -> None:
    visitor.get(url)  # the session of the form's token begins
    plain = visitor.get(url)
    packed = visitor.get(url, headers={"Accept-Encoding": "gzip"})

    assert (plain.headers.get("Content-Encoding"), packed.headers["Content-Encoding"]) == (None, "gzip")
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert len(packed.data) < len(plain.data) / 2
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    if url.startswith("/static"):
        assert gzip.decompress(packed.data) == plain.data


def test_a_browser_that_has_the_file_is_not_sent_it_again(visitor: Client) -> None:
    first = visitor.get("/static/css/app.css", headers={"Accept-Encoding": "gzip"})

    again = visitor.get(
        "/static/css/app.css", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]}
    )

    assert (again.status_code, again.data) == (304, b"")


def test_short_answers_and_streams_go_out_as_they_are(
    api: Client, event_id: int, visitor: Any, add_guests: Any
) -> None:
    add_guests(3)
    health = visitor.get("/healthz", headers={"Accept-Encoding": "gzip"})
    stream = api.get(
        f"/admin/events/{event_id}/messages/exclusions?statuses=confirmed&format=csv",
        headers={"Accept-Encoding": "gzip"},
        buffered=True,
    )

    assert [answer.headers.get("Content-Encoding") for answer in (health, stream)] == [None, None]
