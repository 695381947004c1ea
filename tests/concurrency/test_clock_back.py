"""The clock of the box is set back an hour while mail leaves, and forward again: nobody twice, nobody waits an hour."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.support.budgets import in_soak
from tests.support.live import Live
from tests.support.messages import add_guests, finished, send
from tests.support.postbox import Postbox, serving
from tests.support.waiting import wait_for

HOUR = 3600
GUESTS = 200
SECONDS = 60.0  # for what takes about five


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, int]]:
    box = Postbox()
    with serving(box) as port:
        yield box, port


@pytest.fixture
def live(make_live: Callable[..., Live], set_clock: object, postbox: tuple[Postbox, int]) -> Live:
    made = make_live(
        EVENTMAIL_PROVIDER="smtp",
        EVENTMAIL_SMTP_URL=f"smtp://127.0.0.1:{postbox[1]}",
        EVENTMAIL_RATE_PER_SECOND="60",
        EVENTMAIL_UNDO_SECONDS="3",
    )
    made.start()
    return made


@pytest.mark.parametrize("steps", [(-HOUR, 0), *in_soak(((HOUR, 0),))], ids=["back and forward", "forward and back"])
def test_S11_a_clock_that_is_set_in_mid_run_mails_nobody_twice_and_stops_nobody(
    live: Live, set_clock: Callable[[float], None], tick: Callable[[Live], None], postbox: tuple[Postbox, int],
    steps: tuple[int, ...],
) -> None:  # fmt: skip
    box, _ = postbox
    add_guests(live, {"email": "grey@guests.example.net"}, GUESTS)  # grey is taken at the second try
    first = send(live, "first")
    wait_for(lambda: len(box.taken) >= 20, SECONDS, "the first mails")

    second = send(live, "second")  # its undo period, grey's next try, the pace and the leases are of the old clock
    set_clock(steps[0])
    before = len(box.taken)
    wait_for(lambda: len(box.taken) >= before + 40, SECONDS, "mails after the clock was set")
    tick(live)
    wait_for(lambda: second in begun(live), SECONDS, "the second run")
    wait_for(lambda: seen_lately(live), SECONDS, "a sign of life by the new clock")
    set_clock(steps[1])
    tick(live)

    wait_for(finished(live, first), SECONDS, "the end of the first run")
    wait_for(finished(live, second), SECONDS, "the end of the second run")
    assert set(Counter(address for address, _ in box.taken).values()) == {2}
    assert live.query("SELECT state, count(*) AS n FROM recipient GROUP BY state") == [
        {"state": "sent", "n": 2 * (GUESTS + 1)}
    ]


def seen_lately(live: Live) -> bool:
    age = live.health()["worker_age_s"]
    return age is not None and age <= 6


def begun(live: Live) -> set[int]:
    return {row["mailing_id"] for row in live.query("SELECT mailing_id FROM job WHERE started_at IS NOT NULL")}
