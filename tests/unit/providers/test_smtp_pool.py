"""A connection stands before anything is marked: opened by a thread of its own, kept, given up when nobody needs it."""

import threading
import time

import pytest

from eventmail.providers.base import Accepted, Refused, Transient
from eventmail.providers.smtp import pool, service
from eventmail.providers.smtp.service import LANES
from tests.support.smtp_peer import Close, Hold, Peer, Silence, Wait, handed_over, mail, mails, patient
from tests.support.time import Stopwatch
from tests.support.waiting import wait_for

GREETING = b"220 peer.example\r\n"
OK = b"250 Ok\r\n"


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(pool, "PATIENCE_SECONDS", 0.02)


def awaited(provider):
    """What the provider waits for, in words; nothing when it does not."""
    waits = provider.waits()
    return waits.words if waits else ""


def no_more_waiting(_seconds):
    pytest.fail("waits again")


def test_S11a_a_slow_greeting_is_waited_for_by_nobody_and_its_connection_is_kept(monkeypatch):
    greets = Hold()
    with Peer({"connect": [(greets, GREETING)]}) as peer:
        provider = peer.provider()
        began = time.monotonic()
        assert provider.stands("job 1", 60.0) is False
        assert time.monotonic() - began < 60.0, "a moment, on however busy a box"
        with monkeypatch.context() as patch:
            patch.setattr(provider, "_await_change", no_more_waiting)
            assert provider.stands("job 2", 60.0) is False, "who comes again does not wait again"
        greets.over.set()
        wait_for(lambda: provider.stands("job 1", 0.0), 10.0, "the greeting")
        assert [type(outcome) for outcome in handed_over(provider, mails(3))] == [Accepted] * 3
        assert provider.stands("job 1", 0.0)
        provider.close()
    assert peer.connections == 1


@pytest.mark.parametrize(
    ("answers", "user", "kind"),
    [({"connect": [b"421 Busy\r\n"]}, "", Transient), ({"AUTH": [b"535 5.7.8 No\r\n"]}, "team:secret", Refused)],
)
def test_S4_S12_why_no_connection_could_be_opened_is_told_to_one_group(answers, user, kind):
    with Peer(answers) as peer:
        provider = peer.provider(user=user)
        wait_for(lambda: provider.stands("job 1", 0.0), 10.0, "the refusal")
        [first] = handed_over(provider, mails(1))
        assert type(first) is kind
        wait_for(lambda: provider.stands("job 1", 0.0), 10.0, "the next connection")
        assert [type(outcome) for outcome in handed_over(provider, mails(1))] == [Accepted]
        provider.close()
    assert peer.connections == 2


def test_news_of_a_refusal_that_nobody_heard_is_not_told_to_a_run_much_later(monkeypatch):
    with Peer({"connect": [b"421 Busy\r\n"]}) as peer:
        provider = peer.provider()
        wait_for(lambda: provider.stands("job 1", 0.0), 10.0, "the refusal")
        monkeypatch.setattr(pool, "NEWS_SECONDS", -1.0)
        wait_for(lambda: provider.stands("job 2", 0.0) and peer.connections == 2, 10.0, "another connection")
        assert [type(outcome) for outcome in handed_over(provider, mails(1))] == [Accepted]
        provider.close()


def test_S6_a_connection_that_nobody_needs_any_more_is_given_up_while_it_is_opened():
    with Peer({"connect": [Silence]}) as peer:
        provider = peer.provider()
        assert not provider.stands("job 1", 0.0)
        assert not provider.stands("job 2", 0.0)
        wait_for(lambda: peer.connections == 1, 10.0, "the connection")
        wait_for(lambda: "greet" in awaited(provider), 10.0, "the greeting's turn")
        provider.spare("job 1")
        assert not peer.ended.acquire(timeout=0.1), "another run needs it still"
        provider.spare("job 2")
        assert peer.ended.acquire(timeout=60)
        assert provider.waits() is None
    assert peer.commands == []


def test_what_it_waits_for_has_a_name_and_a_time():
    with Peer({"connect": [GREETING, GREETING], "EHLO": [Silence], "AUTH": [Silence]}) as peer:
        provider = peer.provider(user="team:secret")
        assert provider.waits() is None
        provider.stands("job 1", 0.0)
        wait_for(lambda: peer.is_silent, 10.0, "EHLO to be with the server, whose second connection is another")
        assert awaited(provider) == "the mail server 127.0.0.1 to answer our EHLO"
        provider.close()
        provider.stands("job 1", 0.0)
        wait_for(lambda: awaited(provider) == "the mail server 127.0.0.1 to sign us in", 10.0, "AUTH")
        provider.close()
        assert provider.waits() is None


def test_a_mail_that_is_long_in_coming_through_is_waited_for_by_name():
    answers = Hold()
    with Peer({".": [(answers, OK)]}) as peer:
        provider = peer.provider()
        at_work = threading.Thread(target=lambda: list(handed_over(provider, mails(1))))
        at_work.start()
        wait_for(lambda: peer.messages, 10.0, "the mail")
        assert awaited(provider) == "the mail server 127.0.0.1 to take a mail"
        answers.over.set()
        at_work.join(60)
        assert provider.waits() is None
        provider.close()


def test_who_rests_too_long_is_let_go_of():
    with Peer() as peer:
        provider = peer.provider(idle_seconds=0.0)
        list(handed_over(provider, mails(1)))
        provider.tidy()
        assert peer.ended.acquire(timeout=60)
    assert peer.commands[-1] == "QUIT"


def test_an_opening_that_nobody_asks_for_any_more_is_given_up(monkeypatch):
    with Peer({"connect": [Silence]}) as peer:
        provider = peer.provider()
        provider.stands("job 1", 0.0)
        wait_for(lambda: peer.connections == 1, 10.0, "the connection")
        provider.tidy()
        assert not peer.ended.acquire(timeout=0.1)
        monkeypatch.setattr(pool, "WANTED_SECONDS", -1.0)
        provider.tidy()
        assert peer.ended.acquire(timeout=60)


def test_S5_who_was_begun_and_has_no_connection_any_more_is_told_to_be_nobody_s_fault(monkeypatch):
    """The server ends the connection in the middle, and the next one takes too long: back to the queue, no try."""
    large = mail(1, data=b"x" * 9_000_000)
    with Peer({"connect": [GREETING, Silence], "body": [b"", Close]}) as peer:
        provider = peer.provider()
        wait_for(lambda: provider.stands("job 1", 0.0), 10.0, "the first connection")
        monkeypatch.setattr(service, "PATIENCE_SECONDS", 0.05)  # only now: the first one may take its time
        told = [(sent.to, type(outcome)) for sent, outcome in provider.hand_over([mail(0), large], lambda _mail: True)]
        provider.close()
    assert told == [(mail(0).to, Accepted), (large.to, type(None))]
    assert len(peer.messages) == 1


def test_slow_final_dots_use_all_connections_and_open_no_others(monkeypatch):
    """Also where too few go in a turn to be worth a connection by their number."""
    monkeypatch.setattr(pool, "SLOW_SECONDS", 0.25)
    with Peer({".": [(Wait(0.3), OK)] * 14}) as peer:
        provider = peer.provider()
        for _ in range(2):
            assert [type(outcome) for outcome in handed_over(provider, mails(7))] == [Accepted] * 7
        provider.close()
    assert 1 < peer.connections <= LANES


def test_a_server_that_hangs_up_while_it_is_opened_is_news():
    with Peer({"connect": [Close]}) as peer:
        provider = peer.provider(timeouts=patient())
        wait_for(lambda: provider.stands("job 1", 0.0), 10.0, "the end")
        [only] = handed_over(provider, mails(1))
    assert (type(only), only.detail) == (Transient, "The mail server closed the connection")


TOO_MANY_LOGINS = b"454 4.7.0 Too many login attempts, please try again later\r\n"


def told(provider):
    """The kind of the outcome of one mail, once it is known why no connection stands, or one does."""
    wait_for(lambda: provider.stands("job 1", 0.0), 20.0, "a connection, or why not")
    [outcome] = handed_over(provider, mails(1))
    return type(outcome)


@pytest.fixture
def stopwatch(monkeypatch):
    """The pool's time, which passes when the test says so."""
    stands_still = Stopwatch()
    monkeypatch.setattr(pool, "time", stands_still)
    return stands_still


def test_who_signs_in_in_vain_waits_twice_as_long_each_time_before_the_next_and_says_so(stopwatch):
    with Peer({"AUTH": [TOO_MANY_LOGINS] * 3}) as peer:
        provider = peer.provider(user="team:secret")
        assert [told(provider) for _ in range(2)] == [Transient] * 2, "the second is no pattern yet"
        for pause, found in ((pool.PAUSE_SECONDS, Transient), (2 * pool.PAUSE_SECONDS, Accepted)):
            opened = peer.connections
            for part in (63 / 64, 1 / 64):
                assert not provider.stands("job 1", 0.0)
                assert awaited(provider) == "the mail server 127.0.0.1 to take us in"
                stopwatch.sleep(part * pause)
            assert peer.connections == opened, "none before the pause was over"
            assert told(provider) is found
        assert provider.waits() is None
        provider.close()
    assert peer.connections == 4


def test_S12_who_is_refused_may_try_again_at_once_with_other_settings(monkeypatch):
    for name in ("PAUSE_SECONDS", "LONGEST_PAUSE_SECONDS"):
        monkeypatch.setattr(pool, name, 600.0)
    with Peer({"AUTH": [b"535 5.7.8 No\r\n"] * 4}) as peer:
        provider = peer.provider(user="team:secret")
        assert [told(provider) for _ in range(5)] == [*[Refused] * 4, Accepted]
        provider.close()


def test_a_server_that_is_down_for_days_is_asked_twice_a_minute(stopwatch):
    with Peer({"connect": [b"421 Busy\r\n"]}) as peer:
        provider = peer.provider()
        provider._in_vain = 5_000
        assert told(provider) is Transient
        assert provider._open_from - stopwatch.monotonic() == pool.LONGEST_PAUSE_SECONDS == 30.0
        provider.close()
