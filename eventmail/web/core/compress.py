"""Compresses text for callers that accept gzip."""

import gzip

from flask import Flask, Response, request

SMALLEST = 1000  # bytes; below, the header eats the saving
LEVEL = 5
_TEXT = ("text/", "application/json", "application/problem+json", "image/svg+xml", "application/javascript")


def register(app: Flask) -> None:
    """Compress the answers of `app`. SameSite cookies keep other sites from measuring how a guess changes the size."""
    app.after_request(_compressed)


def _compressed(answer: Response) -> Response:
    if not (answer.mimetype or "").startswith(_TEXT) or answer.status_code in (204, 206, 304):
        return answer
    answer.vary.add("Accept-Encoding")
    is_long = answer.is_streamed and not answer.direct_passthrough  # such as CSV, which is never held in memory
    if is_long or not request.accept_encodings["gzip"] or answer.headers.get("Content-Encoding"):
        return answer
    answer.direct_passthrough = False
    body = answer.get_data()
    if len(body) < SMALLEST:
        return answer
    answer.set_data(gzip.compress(body, LEVEL, mtime=0))
    answer.headers["Content-Encoding"] = "gzip"
    etag, _ = answer.get_etag()
    if etag:
        answer.set_etag(etag, weak=True)
    return answer
