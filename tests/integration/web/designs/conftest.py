"""A design by JSON, and the addresses below which it lives."""

from typing import Any

import pytest

from tests.support.designing import WRITTEN


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/email-templates"


@pytest.fixture
def made(api: Any, url: str) -> Any:
    """made(**changes of WRITTEN): the JSON of a new design."""

    def make(**changes: Any) -> dict[str, Any]:
        answer = api.post(url, json={**WRITTEN, **changes})
        assert answer.status_code == 201
        return dict(answer.json or {})

    return make


@pytest.fixture
def one(made: Any, url: str) -> str:
    """The address of a design that was never published."""
    return f"{url}/{made()['id']}"


@pytest.fixture
def published(api: Any, one: str) -> str:
    """The address of a design whose first text is published."""
    assert api.post(f"{one}/publication").status_code == 201
    return one
