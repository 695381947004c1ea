"""Signed addresses at the real server: as they are spelled on the wire, and beside connections that ask nothing."""

import contextlib
import resource

import pytest

from eventmail import signing
from eventmail.domain.events.calendar_address import CalendarAddresses
from tests.support import seeding
from tests.support.live import Live
from tests.support.wire import Answered, request, wire

IDLE = 1_000


@pytest.fixture
def addresses(shared_live: Live) -> list[str]:
    """A guest's file and page."""
    with shared_live.app.app_context():
        event_id = seeding.add_event(shared_live.organizer)
        guest_id = seeding.add_guest(event_id, "ada@guests.example.net")
        secret = seeding.event(event_id).ics_secret
    made = CalendarAddresses("", signing.instance_secret(shared_live.instance / "secret.key"), event_id, secret)
    return [made.file(guest_id), made.page(guest_id)]


def ask(live: Live, target: str, method: str = "GET") -> Answered:
    with wire(live.port, request(method, target, "Connection: close")) as it:
        return it.hear(head=method == "HEAD")


def test_K3_only_the_address_itself_opens_whatever_is_sent(shared_live: Live, addresses: list[str]) -> None:
    for address in addresses:
        spelled = [
            f"/{address}", address.replace("/", "//"), address.replace("calendar", "%63alendar"), f"{address}%00",
            f"{address}?", f"{address}/", f"{address}/.", f"/.{address}", f"{address}.", address.swapcase(),
            address.replace(".", "%2E"), address.replace("-", "%2D", 1), f"{address}?{'x' * 9000}",
        ]  # fmt: skip
        assert {target: ask(shared_live, target).status for target in spelled if target != address} == {
            target: 403 if target.startswith("/calendar/") and "//" not in target and not target.endswith(("/", "/."))
            else 404 for target in spelled
        }  # fmt: skip
        assert [ask(shared_live, address, method).status for method in ("GET", "HEAD", "POST")] == [200, 200, 405]
        assert ask(shared_live, f"{address}?{'x' * 40_000}").status in (400, 403, 431)


def test_K3_a_thousand_connections_that_ask_nothing_hold_up_no_guest(shared_live: Live, addresses: list[str]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * IDLE)), hard))
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(wire(shared_live.port, (b"", b"GET /calendar/1-")[number % 2]))
                for number in range(IDLE)]  # fmt: skip
        assert [ask(shared_live, address).status for address in addresses * 10] == [200] * 20
        assert sum(each.is_open() for each in held) == IDLE, "others were answered while all of these waited"
