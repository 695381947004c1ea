"""What a message said, on its page: as it was sent, whatever changed since."""

import re
from email import message_from_bytes, policy
from html import unescape
from typing import Any

from flask import Flask

from eventmail.domain.events import edit
from eventmail.domain.guests import column_defaults
from eventmail.models import Mailing
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.web import Client, words

BODY = "On {event.date} at {event.location}, says {organizer.name}. Table {guest.Table}. {guest.firstName|You} come!"


def framed(client: Client, page: str) -> Any:
    found = re.search(r'<iframe class="frame" src="([^"]+)"', client.get(page).text)
    assert found
    return client.get(unescape(found[1]))


def test_C5_the_frame_of_a_message_shows_what_left_whatever_changed_since(
    app: Flask, client: Client, post: Any, event_id: int, api: Any, work: Any
) -> None:
    api.post(f"/admin/events/{event_id}/guests", json={"email": "ada@guests.org", "status": "confirmed",
                                                       "attributes": {"Table": "7"}})  # fmt: skip
    with app.app_context():
        edit.edit(event_id, {"location": "Pier <1>", "sender_name": "Gala Team"}, seeding.acting())
        column_defaults.set_defaults(event_id, {column_defaults.columns(event_id)[0].id: "none yet"}, seeding.acting())
    sent = post(subject="Hello", body=BODY).location
    service = Recording()
    work(service)
    with app.app_context():
        moved = {"location": "Moon base", "sender_name": "Somebody", "starts_wall": None, "ends_wall": None}
        edit.edit(event_id, moved, seeding.acting())
        column_defaults.set_defaults(event_id, {column_defaults.columns(event_id)[0].id: "other"}, seeding.acting())
    frame = framed(client, sent)
    said = "On Saturday, 19 June 2027 at Pier <1>, says Gala Team. Table none yet. You come!"
    assert frame.status_code == 200
    assert said in words(frame)
    assert "/unsubscribe/preview" in frame.text
    text = message_from_bytes(service.mails[0].data, policy=policy.default).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert said.replace("none yet", "7") in " ".join(text.split())  # a guest reads their own


def test_E1_the_frame_of_a_test_is_read_as_its_guest(
    client: Client, api: Any, event_id: int, add_guest: Any, row: Any
) -> None:
    guest = add_guest(email="ada@guests.org", first_name="Ada")
    content = {"subject": "S", "body": "Dear {guest.firstName|You}", "to": ["me@organizers.org"], "guest": str(guest)}
    answer = api.post(f"/admin/events/{event_id}/mailings/test-sends", json=content, headers={"Idempotency-Key": "k"})
    assert answer.status_code in (200, 202), answer.text
    mailing = row(Mailing, Mailing.kind == "test")
    assert "Dear Ada" in words(framed(client, f"/admin/events/{event_id}/mailings/{mailing.id}"))


def test_a_draft_and_a_message_of_another_event_have_no_mail(
    client: Client, post: Any, event_id: int, party: list[int], add_event: Any
) -> None:
    number = post().location.rpartition("/")[2]
    other = add_event()
    assert client.get(f"/admin/events/{other}/mailings/{number}/mail").status_code == 404
    draft = post(key="d", draft=True)
    assert draft.status_code in (200, 201, 202), draft.text
    assert client.get(f"{draft.location}/mail").status_code == 404
