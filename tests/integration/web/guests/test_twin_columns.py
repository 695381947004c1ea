"""Two columns that look alike are told where columns are set (C1)."""

import unicodedata
from typing import Any

from eventmail.models import GuestField
from tests.support.web import Client


def test_C1_the_settings_say_which_columns_look_alike(client: Client, event_id: int, writing: Any) -> None:
    page = f"/admin/events/{event_id}/settings"
    with writing() as tx:
        tx.add(GuestField(event_id=event_id, name="Café"))
    assert "is there twice" not in client.get(page).text
    with writing() as tx:
        tx.add(GuestField(event_id=event_id, name=unicodedata.normalize("NFD", "Café")))
    assert client.get(page).text.count("is there twice") == 1
