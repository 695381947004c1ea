"""The page of an import, and three guests who are on the list already."""

from typing import Any

import pytest


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/guests/import"


@pytest.fixture
def known(add_guest: Any) -> None:
    for email, first, last in (
        ("ana@x.test", "Ana", "Ruiz"), ("ben@x.test", "Ben", "Okafor"), ("same@x.test", "Same", "Person"),
    ):  # fmt: skip
        add_guest(email, first_name=first, last_name=last)
