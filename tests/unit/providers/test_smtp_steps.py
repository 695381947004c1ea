"""What becomes of a mail when the server fails at one step: not sent, refused or in doubt."""

import pytest

from eventmail.providers.base import Accepted, Permanent, Refused, Transient, Unclear
from eventmail.providers.smtp import session
from tests.support.smtp_peer import (
    FEATURES,
    LOCK_STEP,
    Close,
    Hold,
    Peer,
    Reset,
    Silence,
    Wait,
    handed_over,
    in_fragments,
    mail,
    mails,
    patient,
)
from tests.support.waiting import wait_for

BOTH = pytest.mark.parametrize("features", [FEATURES, LOCK_STEP], ids=["pipelined", "lock-step"])
BEFORE = ["MAIL", "RCPT", "DATA"]


@BOTH
def test_a_friendly_server_takes_every_mail_over_one_connection(features):
    sent = mails(5)
    with Peer(features=features) as peer:
        outcomes = peer.hand_over(sent)
    assert outcomes == [Accepted(f"Ok: queued as {number}") for number in range(1, 6)]
    assert [(taken.to, taken.data) for taken in peer.messages] == [(each.to, each.data) for each in sent]
    assert {taken.sender for taken in peer.messages} == {"team@example.org"}
    assert peer.connections == 1
    assert peer.commands[-1] == "QUIT"


@BOTH
@pytest.mark.parametrize("how", [Close, Reset], ids=["closed", "reset"])
@pytest.mark.parametrize("step", BEFORE)
def test_S4_a_connection_that_ends_before_the_message_means_not_sent(features, how, step):
    with Peer({step: [how]}, features) as peer:
        [first, second] = peer.hand_over(mails(2))
    assert (type(first), first.detail) == (Transient, "The mail server closed the connection")
    assert second == Accepted("Ok: queued as 1")
    assert peer.begun == 1


@BOTH
@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        (Close, Transient, "The mail server closed the connection"),
        (Reset, Transient, "The mail server closed the connection"),
        ((b"552 5.3.4 Too much\r\n", Close), Permanent, "Too much"),
        ((b"421 4.3.2 Going down\r\n", Close), Transient, "Going down"),
        ((b"250 Ok\r\n", Close), Transient, "The mail server answered out of turn"),
    ],
)
def test_S4_a_message_that_was_cut_off_was_not_sent(monkeypatch, features, how, kind, words):
    """So large that it can't all wait in buffers: the final dot never left."""
    monkeypatch.setattr(session, "LAST_WORDS_SECONDS", 60.0)  # a busy peer's last words, or its end, do come
    large = mail(0, data=b"A line of a large mail\r\n" * 400_000)
    with Peer({"body": [how]}, features) as peer:
        [first, second] = peer.hand_over([large, mail(1)])
    assert (type(first), first.detail) == (kind, words)
    assert second == Accepted("Ok: queued as 1")
    assert [taken.to for taken in peer.messages] == [mail(1).to]


@BOTH
@pytest.mark.parametrize("how", [Close, Reset], ids=["closed", "reset"])
def test_S5_a_connection_that_ends_when_the_final_dot_may_have_left_leaves_the_mail_in_doubt(features, how):
    with Peer({"body": [how]}, features) as peer:
        [first, second] = peer.hand_over(mails(2))
    assert (type(first), type(second)) == (Unclear, Accepted)


def test_S4_a_server_that_stops_reading_a_message_did_not_get_it():
    large = mail(0, data=b"A line of a large mail\r\n" * 400_000)
    with Peer({"body": [Hold()]}) as peer:
        [first] = peer.hand_over([large], timeouts=patient(block=0.2))
    assert (type(first), first.detail) == (Transient, "The mail server did not answer within 0.2 seconds")
    assert peer.messages == []


@BOTH
@pytest.mark.parametrize("step", BEFORE)
def test_S4_a_temporary_refusal_before_the_message_is_tried_again(features, step):
    with Peer({step: [b"451 4.7.1 Greylisted, come back\r\n"]}, features=features) as peer:
        [first, second] = peer.hand_over(mails(2))
    assert (type(first), first.code, first.detail) == (Transient, "451 4.7.1", "Greylisted, come back")
    assert second == Accepted("Ok: queued as 1")
    assert [taken.to for taken in peer.messages] == [mail(1).to]
    assert peer.connections == 1 + (step == "DATA" or features == FEATURES)


@BOTH
def test_S4_a_final_refusal_of_the_recipient_is_final(features):
    refusal = b"550 5.1.1 No such user\r\n"
    with Peer({"RCPT": [refusal], "DATA": [b"554 5.5.1 No recipients\r\n"][: features == FEATURES]}, features) as peer:
        [first, second] = peer.hand_over(mails(2))
    assert (type(first), first.code, first.detail, first.hard) == (Permanent, "550 5.1.1", "No such user", True)
    assert second == Accepted("Ok: queued as 1")
    assert peer.connections == 1
    assert "RSET" in peer.commands


@BOTH
def test_S4_a_final_refusal_of_data_is_final_and_says_nothing_about_the_address(features):
    with Peer({"DATA": [b"554 5.1.1 No\r\n"]}, features) as peer:
        [first, second] = peer.hand_over(mails(2))
    assert (type(first), first.code, first.hard) == (Permanent, "554 5.1.1", False)
    assert second == Accepted("Ok: queued as 1")
    assert peer.connections == 2


@BOTH
def test_S12_a_refused_sender_stops_the_group(features):
    with Peer({"MAIL": [b"553 5.7.1 Not your address\r\n"]}, features) as peer:
        outcomes = peer.hand_over(mails(3))
    assert [(type(outcome), outcome.code) for outcome in outcomes] == [(Refused, "553 5.7.1")]
    assert peer.messages == []
    assert len([line for line in peer.commands if line.startswith("MAIL")]) == 1


@BOTH
@pytest.mark.parametrize("how", [Close, Reset, b"garbage\r\n", b"354 Go ahead\r\n", b"221 Bye\r\n"])
def test_S5_no_answer_to_the_final_dot_leaves_the_mail_in_doubt(features, how):
    with Peer({".": [how]}, features) as peer:
        [first, second] = peer.hand_over(mails(2))
    assert type(first) is Unclear
    assert second == Accepted("Ok: queued as 2")
    assert [taken.to for taken in peer.messages] == [mail(0).to, mail(1).to]
    assert peer.connections == 2


@BOTH
def test_S5_silence_after_the_final_dot_leaves_the_mail_in_doubt(features):
    with Peer({".": [Silence]}, features) as peer:
        [only] = peer.hand_over(mails(1), timeouts=patient(final=0.2))
    assert type(only) is Unclear
    assert only.detail == "The mail server did not answer within 0.2 seconds after the whole mail had left"


@BOTH
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"452 4.3.1 Disk full\r\n", Transient),
        (b"421 4.3.2 Shutting down\r\n", Transient),
        (b"554 5.7.1 This looks like spam\r\n", Permanent),
        (b"550 5.7.26 Not authenticated\r\n", Refused),
    ],
)
def test_S4_a_refusal_of_the_message_means_not_taken(features, reply, kind):
    with Peer({".": [reply]}, features) as peer:
        [only] = peer.hand_over(mails(1))
    assert (type(only), only.code) == (kind, " ".join(reply.decode().split()[:2]))
    assert peer.messages[0].answered == reply


@pytest.mark.parametrize("step", BEFORE)
def test_S4_silence_before_the_message_means_not_sent(step):
    with Peer({step: [Silence]}) as peer:
        provider = peer.provider()
        wait_for(lambda: provider.stands("job 1", 0.0), 10.0, "the connection")
        [opened] = provider._resting
        opened._timeouts = patient(reply=0.2, data=0.2)  # only now: to be greeted may take its time
        [only] = handed_over(provider, mails(1))
    assert (type(only), only.detail) == (Transient, "The mail server did not answer within 0.2 seconds")
    assert peer.begun == 0


@BOTH
def test_a_slow_server_is_waited_for(features):
    late = (Wait(0.1), b"354 Go\r\n")
    with Peer({"DATA": [late, late], ".": [(Wait(0.1), b"250 2.0.0 Slow\r\n")]}, features) as peer:
        assert peer.hand_over(mails(2)) == [Accepted("Slow"), Accepted("Ok: queued as 2")]


@BOTH
def test_replies_in_fragments_and_of_many_lines_are_whole_replies(features):
    answers = {
        "connect": [in_fragments(b"220-hello\r\n220 peer\r\n")],
        "MAIL": [in_fragments(b"250-2.1.0 Good\r\n250-2.1.0 sender\r\n250 2.1.0 Ok\r\n")],
        "RCPT": [in_fragments(b"250 Ok\r\n")] * 2,
        "DATA": [in_fragments(b"354 Go\r\n")] * 2,
        ".": [in_fragments(b"250-2.0.0 Queued\r\n250 2.0.0 as X\r\n"), in_fragments(b"550-5.7.1 A\r\n550 5.7.1 B\r\n")],
    }
    with Peer(answers, features) as peer:
        [first, second] = peer.hand_over(mails(2))
    assert first == Accepted("Queued")
    assert (type(second), second.code, second.detail) == (Permanent, "550 5.7.1", "A; B")


@pytest.mark.parametrize("flood", [b"250-" + b"x" * 2_000_000, b"250-x\r\n" * 300_000], ids=["line", "lines"])
@pytest.mark.parametrize(("step", "kind"), [("MAIL", Transient), ("DATA", Transient), (".", Unclear)])
def test_two_megabytes_of_reply_are_a_broken_server(flood, step, kind):
    with Peer({step: [flood]}) as peer:
        [first, second] = peer.hand_over(mails(2))
    assert (type(first), first.detail.startswith("The mail server's answer made no sense")) == (kind, True)
    assert type(second) is Accepted
    assert [taken.to for taken in peer.messages] == [mail(0).to, mail(1).to][step != "." :]


def test_a_reply_whose_lines_disagree_is_no_reply():
    with Peer({".": [b"250-Ok\r\n550 No\r\n"]}) as peer:
        [only] = peer.hand_over(mails(1))
    assert type(only) is Unclear


def test_S5_a_deferred_mail_at_cloudflare_is_in_doubt_since_it_was_accepted(monkeypatch):
    with Peer({".": [b"451 4.3.0 Deferred\r\n"] * 2}) as peer:
        [elsewhere] = peer.hand_over(mails(1))
        monkeypatch.setattr("eventmail.providers.smtp.refusals._is_cloudflare", lambda host: host == "127.0.0.1")
        [there] = peer.hand_over(mails(1))
    assert (type(elsewhere), type(there)) == (Transient, Unclear)
