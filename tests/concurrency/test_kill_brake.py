"""The real worker, killed around the moment in which a run stops itself: nobody listed, the question stands (F5)."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.armed import armed
from tests.support.killer import OF_THE_BRAKE
from tests.support.live import Live
from tests.support.messages import add_guests, mailing, send
from tests.support.postbox import serving
from tests.support.waiting import wait_for

GUESTS = 45
QUESTION = "Your mail service refused the first 10 for the same reason: Invalid recipient: <"


class Refusing:
    """Refuses everybody in the words of a bad address, as OpenSMTPD does when it does not relay for us."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, _envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.asked[address] += 1
        return f"550 Invalid recipient: <{address}>"


@pytest.fixture
def refusing() -> Iterator[tuple[Refusing, int]]:
    server = Refusing()
    with serving(server) as port:
        yield server, port


def asks(live: Live, mailing_id: int) -> bool:
    return bool(mailing(live, mailing_id)["job"]["asks"])


def by_state(live: Live, mailing_id: int) -> Counter[str]:
    rows = live.query("SELECT state FROM recipient WHERE mailing_id = ?", mailing_id)
    return Counter(row["state"] for row in rows)


@pytest.mark.parametrize("point", OF_THE_BRAKE)
def test_F5_a_worker_killed_around_the_brake_lists_nobody_and_the_question_stands(
    point: str, make_live: Callable[..., Live], refusing: tuple[Refusing, int]
) -> None:
    server, port = refusing
    live = make_live(EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=f"smtp://127.0.0.1:{port}")
    live.start_web()
    add_guests(live, GUESTS)
    mailing_id = send(live)
    dying = armed(live, point)
    wait_for(lambda: dying.poll() is not None, what=f"the death {point}")
    assert dying.returncode == -signal.SIGKILL
    asked = set(server.asked)
    kept = point == "between trip and question"
    assert (asks(live, mailing_id), len(asked) >= 10) == (kept, True)

    live.start_worker()
    wait_for(lambda: asks(live, mailing_id), what="the question")
    wait_for(lambda: by_state(live, mailing_id)["sending"] == 0, what="what was in hand to be settled")

    found = mailing(live, mailing_id)
    states = by_state(live, mailing_id)
    assert {state: number for state, number in found["counts"].items() if number} == dict(states)
    assert states["unknown"] == 0  # each answer stood in the journal of who was killed (S11b)
    assert (states["sent"], states["failed"] >= 10, states["queued"] > 0) == (0, True, True)
    assert (found["state"], found["job"]["stopped"].startswith(QUESTION)) == ("sending", True)
    assert live.query("SELECT address FROM suppression") == []
    [job] = live.query("SELECT answered, accepted, alike, brake FROM job")
    assert job == {"answered": states["failed"], "accepted": 0, "alike": 10, "brake": "alike"}
    assert len(live.query("SELECT id FROM suspect")) == states["failed"]
    [log] = live.query("SELECT count(*) AS n FROM audit_entry WHERE action = 'mailing.stopped_itself'")
    assert log == {"n": 1}
    assert max(server.asked.values()) == 1
    if kept:
        assert set(server.asked) == asked  # a worker that starts again asks nobody while the question stands
