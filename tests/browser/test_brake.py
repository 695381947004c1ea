"""A run that stopped itself (F5), in a browser: the question, and what each answer to it does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from playwright.sync_api import Locator, Page, expect

from tests.browser import steps
from tests.browser.steps import TRACKED, Gala, by_test, finished, tiles
from tests.support import seeding
from tests.support.browser import assert_visible_everywhere, axe
from tests.support.live import Live
from tests.support.postbox import serving

GUESTS = 25
QUESTION = "Your mail service refused the first 10 for the same reason: Invalid recipient: <"
LIST, GO_ON, CANCEL = "guest-message-list", "guest-message-resume", "guest-message-cancel"


@dataclass
class Relay:
    """Does not relay for us until somebody lets it: then it says of everybody that the address is bad."""

    relays: bool = False
    taken: list[str] = field(default_factory=list)

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if not self.relays:
            return f"550 Invalid recipient: <{address}>"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert str(mail["To"]) == envelope.rcpt_tos[0]
        self.taken.append(envelope.rcpt_tos[0])
        return "250 2.0.0 Taken"


@pytest.fixture(scope="module")
def related(tmp_path_factory: pytest.TempPathFactory, template_database: Path) -> Iterator[tuple[Live, Relay]]:
    """An instance that hands over to such a server."""
    relay = Relay()
    with serving(relay) as port:
        live = Live(
            tmp_path_factory.mktemp("related") / "instance", template_database, EVENTMAIL_PROVIDER="smtp",
            EVENTMAIL_SMTP_URL=f"smtp://127.0.0.1:{port}",
        )  # fmt: skip
        try:
            live.start()
            yield live, relay
        finally:
            live.stop()


@pytest.fixture
def relay(related: tuple[Live, Relay]) -> Relay:
    related[1].relays = False
    related[1].taken.clear()
    return related[1]


@pytest.fixture
def gala(related: tuple[Live, Relay]) -> Gala:
    live, _ = related
    with live.app.app_context():
        return Gala(live, seeding.add_event(live.organizer))


def asked(page: Page, gala: Gala) -> tuple[Locator, int]:
    """A message to 25 guests that stopped itself: its tracker, and how many were refused."""
    gala.add_guests([{"email": f"g{number:02}-{gala.id}@guests.example.net"} for number in range(GUESTS)])
    steps.sign_in(page, gala)
    steps.write(page, "Doors open", "Hello")
    tracker = steps.send(page)
    expect(tracker).to_contain_text(QUESTION)
    expect(tracker.get_by_role("heading", name="Stopped")).to_be_visible()
    failed = len(in_state(gala, "failed"))
    return tracker, failed


def in_state(gala: Gala, state: str) -> set[str]:
    return {email for email, row in gala.recipients().items() if row["state"] == state}


def listed(gala: Gala) -> set[str]:
    """Whom of this event's guests the do-not-mail list has."""
    found = gala.live.query("SELECT address FROM suppression WHERE address LIKE ?", f"%-{gala.id}@guests.example.net")
    return {row["address"] for row in found}


def logged(gala: Gala) -> list[str]:
    """What the log has of the message since it was sent, oldest first."""
    rows: list[dict[str, Any]] = gala.live.query(
        "SELECT action FROM audit_entry WHERE event_id = ? AND action LIKE 'mailing.%' ORDER BY id", gala.id
    )
    actions = [row["action"] for row in rows]
    return actions[actions.index("mailing.stopped_itself") :]


def test_F5_the_tracker_asks_once_and_going_on_reaches_who_waits(watched: Page, gala: Gala, relay: Relay) -> None:
    tracker, failed = asked(watched, gala)
    assert (failed >= 10, tracker.inner_text().count(QUESTION)) == (True, 1)
    expect(tracker).to_contain_text("So it stopped by itself, and nobody was put on the do-not-mail list.")
    expect(tracker).to_contain_text(f"{GUESTS - failed} wait.")
    expect(tracker).not_to_contain_text("Last error")
    expect(by_test(watched, CANCEL)).to_have_text(f"Cancel the rest ({GUESTS - failed})")
    expect(by_test(watched, LIST)).to_have_text(f"Put these {failed} on the do-not-mail list")
    assert_visible_everywhere(watched, [GO_ON, CANCEL, LIST])
    axe(watched)
    refused = in_state(gala, "failed")

    relay.relays = True
    by_test(watched, GO_ON).click()
    finished(watched)
    assert in_state(gala, "sent") == set(gala.recipients()) - refused
    assert sorted(relay.taken) == sorted(in_state(gala, "sent"))
    assert (in_state(gala, "failed"), listed(gala)) == (refused, set())
    assert tiles(watched)["Failed"] == str(failed)
    expect(by_test(watched, "guest-message-suspects")).to_contain_text("nobody was put on the do-not-mail list")
    expect(by_test(watched, LIST)).to_be_visible()
    assert logged(gala) == ["mailing.stopped_itself", "mailing.resumed"]


@pytest.mark.soak
def test_F5_S6_cancelling_the_rest_mails_and_lists_nobody(watched: Page, gala: Gala, relay: Relay) -> None:
    tracker, failed = asked(watched, gala)
    by_test(watched, CANCEL).click()
    expect(tracker.get_by_role("heading", name="Cancelled")).to_be_visible()
    expect(by_test(watched, GO_ON)).to_have_count(0)
    states = {state: len(in_state(gala, state)) for state in ("failed", "cancelled", "queued")}
    assert states == {"failed": failed, "cancelled": GUESTS - failed, "queued": 0}
    assert (relay.taken, listed(gala)) == ([], set())
    assert logged(gala) == ["mailing.stopped_itself", "mailing.cancelled"]


def test_F5_whoever_says_that_they_are_dead_lists_who_was_refused_and_nobody_else(
    watched: Page, gala: Gala, relay: Relay
) -> None:
    _, failed = asked(watched, gala)
    refused = in_state(gala, "failed")
    by_test(watched, LIST).click()
    expect(by_test(watched, LIST)).to_have_count(0)
    expect(by_test(watched, TRACKED)).not_to_contain_text("nobody was put on the do-not-mail list")
    assert (listed(gala), len(refused), relay.taken) == (refused, failed, [])
    assert len(in_state(gala, "queued")) == GUESTS - failed
    expect(by_test(watched, GO_ON)).to_be_visible()  # how the run goes on is another question
    assert logged(gala) == ["mailing.stopped_itself", "mailing.refused_listed"]
    watched.get_by_role("link", name="Each recipient, the text, and the log").click()
    expect(watched.get_by_text("stopped the message and asks how to go on").first).to_be_visible()
    expect(watched.get_by_text("put on the do-not-mail list who was refused as dead").first).to_be_visible()
