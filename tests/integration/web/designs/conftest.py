"""A design by JSON, and the addresses below which it lives."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail.domain.designs import edit, lifecycle, revisions
from eventmail.domain.designs.edit import DesignVersion
from tests.support import seeding
from tests.support.designing import WRITTEN, design
from tests.support.seeding import Person


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


@pytest.fixture
def add(app: Flask, event_id: int, organizer: Person) -> Callable[..., int]:
    """add(name, message_type="update", published=False, changed=False, archived=False, …): the id of a design."""

    def make(
        name: str, message_type: str = "update", *, published: bool = False, changed: bool = False,
        archived: bool = False, **values: str,
    ) -> int:  # fmt: skip
        by = seeding.acting(organizer)
        with app.app_context():
            made = design(event_id, by, name=name, message_type=message_type, **values)
            if published or changed:
                revisions.publish(event_id, made, by)
            if changed:
                edit.save(event_id, made, DesignVersion(1), {"body": "Another text"}, by)
            if archived:
                lifecycle.archive(event_id, made, by)
        return made

    return make
