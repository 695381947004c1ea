"""The whole product against a real SMTP server."""

from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.concurrency.test_kill import add_guests, finished, mailing, send
from tests.support.live import Live, free_port
from tests.support.waiting import wait_for


class Postbox:
    """Keeps what it takes; one address is greylisted once, one is unknown."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.asked: Counter[str] = Counter()

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.asked[address] += 1
        if address.startswith("gone@"):
            return "550 5.1.1 No such user here"
        if address.startswith("grey@") and self.asked[address] == 1:
            return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.taken.append((envelope.rcpt_tos[0], envelope.original_content or b""))
        return "250 2.0.0 Taken"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, int]]:
    handler = Postbox()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, controller.port
    controller.stop()


def test_S4_F1_a_run_through_smtp_reaches_each_guest_once_and_names_the_others(
    make_live: Callable[..., Live], postbox: tuple[Postbox, int]
) -> None:
    box, port = postbox
    live = make_live(EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=f"smtp://127.0.0.1:{port}")
    live.start()
    add_guests(live, {"email": "gone@guests.example.net"}, {"email": "grey@guests.example.net"}, 45)

    mailing_id = send(live)
    wait_for(finished(live, mailing_id), 60.0, "the end of the run")

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
