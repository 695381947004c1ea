"""A party, and a message to it by POST."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.written import BODY


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/mailings"


@pytest.fixture
def party(add_guests: Any) -> list[int]:
    """Three guests, two of them at one address."""
    return add_guests([{"email": "Ada@guests.org"}, {"email": "ben@guests.org"}, {"email": "ada@guests.org"}])


@pytest.fixture
def post(api: Any, url: str) -> Any:
    """post(key="k", **changes of the body)"""

    def send(key: str | None = "k", **changes: Any) -> TestResponse:
        headers = {} if key is None else {"Idempotency-Key": key}
        return api.post(url, json={**BODY, **changes}, headers=headers)

    return send
