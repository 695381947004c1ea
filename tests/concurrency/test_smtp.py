"""The whole product against a real SMTP server."""

from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy

import pytest

from tests.support.live import Live
from tests.support.messages import add_guests, finished, mailing, send
from tests.support.postbox import Postbox, serving
from tests.support.waiting import wait_for


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, int]]:
    box = Postbox()
    with serving(box) as port:
        yield box, port


def test_S4_F1_a_run_through_smtp_reaches_each_guest_once_and_names_the_others(
    make_live: Callable[..., Live], postbox: tuple[Postbox, int]
) -> None:
    box, port = postbox
    live = make_live(EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=f"smtp://127.0.0.1:{port}")
    live.start()
    add_guests(live, {"email": "gone@guests.example.net"}, {"email": "grey@guests.example.net"}, 45)

    mailing_id = send(live)
    wait_for(finished(live, mailing_id), what="the end of the run")

    assert Counter(address for address, _ in box.taken).most_common(1)[0][1] == 1
    assert len(box.taken) == 46
    assert {state: number for state, number in mailing(live, mailing_id)["counts"].items() if number} == {
        "sent": 46,
        "failed": 1,
    }
    assert [message_from_bytes(data, policy=policy.default)["To"] for _, data in box.taken] == [
        address for address, _ in box.taken
    ]
    assert live.query("SELECT address, reason FROM suppression") == [
        {"address": "gone@guests.example.net", "reason": "hard_bounce"}
    ]
    assert live.query("SELECT DISTINCT provider FROM attempt") == [{"provider": "smtp"}]
