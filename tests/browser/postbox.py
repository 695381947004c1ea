"""A mail server that does with some addresses what mail services do, for the stories that need one."""

import asyncio
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Postbox:
    """Keeps every mail that it is offered, and does with some addresses what mail services do.

    It knows no “gone…”, takes what is for “again…” at the second try, hangs up on “lost…” after it took the mail, and
    thinks about “held…” until `go_on` is set. It is too busy for whom `busy_for` names.
    """

    offered: list[tuple[str, EmailMessage]] = field(default_factory=list)
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    busy_for: set[str] = field(default_factory=set)

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("gone"):
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        address, mail = (
            envelope.rcpt_tos[0],
            message_from_bytes(envelope.original_content or b"", policy=policy.default),
        )
        first = address not in [before for before, _ in self.offered]
        self.offered.append((address, mail))
        if address in self.busy_for or (address.startswith("again") and first):
            return "451 4.3.2 Try again later"
        self.taken.append((address, mail))
        if address.startswith("held"):
            await asyncio.to_thread(self.go_on.wait, 30)
        elif address.startswith("lost"):
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 2.0.0 Taken"

    def to(self, *addresses: str) -> list[str]:
        """Whose mails were taken, of these."""
        return sorted(address for address, _ in self.taken if address in addresses)
