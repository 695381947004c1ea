"""A test client that behaves like a browser with forms, or like a program with a token."""

import contextvars
import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import contract, placeholders

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Client(FlaskClient):
    """Each request runs in a context of its own, as in the real process.

    An app context that a test has pushed would otherwise be reused, and `g` and the database session with it. What is
    answered to programs has to be what the API's document says, and nothing that people read shows our own marks.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = contextvars.Context().run(super().open, *args, **kwargs)
        contract.check(self.application, answer)
        placeholders.check(answer)
        return answer

    def csrf_token(self) -> str:
        """A token for this client's session, read from a real form."""
        return csrf_token_in(self.get("/sign-in", headers={"Accept": "text/html"}))

    def press(self, link: str) -> TestResponse:
        """Open a one-time link and press its button, as a person does."""
        return self.post(link, data={"csrf_token": csrf_token_in(self.get(link))})

    def submit(self, url: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        """POST a form with its CSRF token, as the browser does. Redirects are not followed."""
        return self.post(url, data={"csrf_token": self.csrf_token(), **(data or {})}, **kwargs)


def without_tokens(answer: TestResponse) -> str:
    """What an answer shows; the token in its forms is another one each second."""
    return _TOKEN.sub('name="csrf_token"', answer.text).strip()


def csrf_token_in(answer: TestResponse) -> str:
    """The CSRF token of the first form on a page."""
    found = _TOKEN.search(answer.text)
    assert found, f"no form with a CSRF token in the {answer.status} answer:\n{answer.text[:400]}"
    return found[1]


def partial(headers: dict[str, str] | None = None) -> dict[str, str]:
    """The headers of a request that htmx makes for a fragment."""
    return {"HX-Request": "true", "HX-Request-Type": "partial", "Accept": "text/html", **(headers or {})}


def words(page: TestResponse | str) -> str:
    """What a person reads: the page's text, without markup."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", page if isinstance(page, str) else page.text).split()))


def error_code(answer: TestResponse) -> list[str]:
    """The codes of the refusals that a page shows."""
    return re.findall(r'data-error-code="([A-Z_]+)"', answer.text)


def signed_in(client: FlaskClient) -> bool:
    return client.get("/admin/events").status_code == 200


def problem(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a problem+json answer, whose body agrees with its status line."""
    assert answer.content_type == "application/problem+json"
    body: Any = answer.json
    assert body["status"] == answer.status_code
    assert {"code", "detail", "errors", "instance", "request_id", "status", "title", "type"} <= set(body)
    return answer.status_code, body["code"]


def refused(answer: TestResponse) -> tuple[int, str, list[str]]:
    """Status, code and the fields that are named, of a problem+json answer."""
    assert answer.content_type == "application/problem+json"
    body: Any = answer.json
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return answer.status_code, body["code"], sorted(error["field"] for error in body["errors"])
