"""An SMTP server of a test, in a thread of its own."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.live import free_port


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


@contextmanager
def serving(handler: Any) -> Iterator[int]:
    """The port at which `handler` (of aiosmtpd) is reached while this is entered."""
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
