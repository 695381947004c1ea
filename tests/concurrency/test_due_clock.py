"""Scheduled messages and the clock of the box, with the real worker: down, set back, of other time zones."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.support import seeding
from tests.support.live import PROCFILE, Live
from tests.support.messages import MESSAGE
from tests.support.programs import around
from tests.support.reminders import ahead, everything, fate, mails, people, places, rings, runs, schedule
from tests.support.waiting import wait_for

HOUR = 3600.0
GUESTS = [f"guest-00{number}@guests.example.net" for number in (1, 2)]


def test_H6_a_box_that_was_down_for_two_hours_sends_what_is_late_and_asks_about_what_is_too_late(
    make_live: Callable[..., Live], set_clock: Callable[[float], None], tick: Callable[[Live], None]
) -> None:
    live, now = make_live(), ahead()
    with live.app.app_context():
        seeding.add_guests(live.event_id, 2)
        starts, ends = ((now + timedelta(minutes=by)).replace(tzinfo=None) for by in (115, 600))
        begun = seeding.add_event(live.organizer, timezone="UTC", starts_wall=starts, ends_wall=ends)
        seeding.add_guests(begun, 2)
    ten_minutes = schedule(live, now + timedelta(minutes=110), "ten minutes")
    two_hours = schedule(live, now + timedelta(minutes=1), "two hours")
    over_the_start = schedule(live, now + timedelta(minutes=110), "over the start", begun)
    to_come = schedule(live, now + timedelta(minutes=130), "to come")

    set_clock(2 * HOUR)
    live.start_worker()

    wait_for(lambda: fate(live, ten_minutes)[0] == "finished", what="the end of the late message")
    wait_for(lambda: fate(live, over_the_start)[0] != "scheduled", what="a decision about the other event")
    assert [fate(live, one) for one in (two_hours, over_the_start, to_come)] == [
        ("missed", "late"), ("missed", "event_began"), ("scheduled", None),
    ]  # fmt: skip
    assert (people(live, ten_minutes), places(live, ten_minutes)) == (dict.fromkeys(GUESTS, "sent"), (2, 2, 0))
    assert [places(live, one) for one in (two_hours, over_the_start, to_come)] == [(2, 0, 0)] * 3
    assert mails(live) == Counter(GUESTS)
    [entry] = live.query("SELECT detail FROM audit_entry WHERE action = 'mailing.started'")
    assert json.loads(entry["detail"]) == {"recipients": 2, "scheduled": 2, "minutes_late": 10}

    set_clock(HOUR)
    before = everything(live)
    tick(live)
    assert everything(live) == before

    set_clock(2 * HOUR + 600)
    tick(live)
    wait_for(lambda: fate(live, to_come)[0] == "finished", what="the end of the message that was to come")
    assert [runs(live, one) for one in (ten_minutes, two_hours, over_the_start, to_come)] == [
        ["finished"], [], [], ["finished"],
    ]  # fmt: skip
    assert mails(live) == Counter(2 * GUESTS)


@pytest.fixture
def quiet(make_live: Callable[..., Live], set_clock: object, monkeypatch: pytest.MonkeyPatch) -> Live:
    """Web and worker, each in a time zone of its own; after its first look only rings wake the worker."""
    monkeypatch.setitem(PROCFILE, "worker", around("quiet", PROCFILE["worker"]))
    live = make_live()
    with live.app.app_context():
        seeding.add_guests(live.event_id, 2)
    for start, zone in ((live.start_web, "Asia/Kolkata"), (live.start_worker, "Pacific/Kiritimati")):
        live.environment["TZ"] = zone
        start()
    return live


def post(live: Live, at: datetime, key: str) -> int:
    """Schedule a message over HTTP."""
    body = {**MESSAGE, "send_at": f"{at:%Y-%m-%dT%H:%M:%S}", "timezone": "UTC"}
    answer = live.api("POST", f"/admin/events/{live.event_id}/mailings", body, {"Idempotency-Key": key})
    assert answer.status == 202, answer.text
    return int(answer.json["id"])


def test_H5_a_ring_starts_a_message_at_its_second_whatever_the_time_zones_of_the_processes(
    quiet: Live, set_clock: Callable[[float], None], tick: Callable[[Live], None]
) -> None:
    live = quiet
    later, at = ahead(minutes=3), ahead(seconds=30)
    far = post(live, later, "three-minutes")
    assert rings(live) == []  # the next minute's sweep is early enough
    soon = post(live, at, "thirty-seconds")
    wait_for(lambda: rings(live) == [at], what="the ring for its second")

    set_clock(30)
    wait_for(lambda: fate(live, soon)[0] == "finished", what="the message that the web process rang for")
    assert fate(live, far) == ("scheduled", None)

    set_clock(150)
    tick(live)
    wait_for(lambda: rings(live) == [later], what="the ring for the other second")
    set_clock(180)
    wait_for(lambda: fate(live, far)[0] == "finished", what="the message that a sweep rang for")
    assert [runs(live, one) for one in (soon, far)] == [["finished"]] * 2
    early = "SELECT mailing_id FROM job JOIN mailing ON mailing.id = mailing_id WHERE starts_at < send_at"
    assert live.query(early) == []
    assert mails(live) == Counter(2 * GUESTS)
