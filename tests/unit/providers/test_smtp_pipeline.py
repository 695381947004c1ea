"""The next envelope behind the final dot: every reply belongs to one recipient, none is taken for another's."""

import pytest

from eventmail.providers.base import Accepted, Permanent, Transient, Unclear
from eventmail.providers.smtp.envelope import stuffed
from eventmail.providers.smtp.session import Session
from tests.support.smtp_peer import LOCK_STEP, Close, Peer, Silence, Wait, handed_over, mail, mails, patient

NO_RECIPIENTS = b"554 5.5.1 No valid recipients\r\n"
GONE = b"550 5.1.1 No such user\r\n"
OK = b"250 Ok\r\n"
GO = b"354 Go ahead\r\n"


def told(outcomes):
    return [(type(outcome).__name__, getattr(outcome, "code", "")) for outcome in outcomes]


def test_the_next_envelope_leaves_in_one_piece_with_the_final_dot():
    with Peer({".": [(Wait(0.2), b"250 Slow\r\n")]}) as peer:
        provider = peer.provider()
        outcomes = handed_over(provider, mails(2))
        assert next(outcomes) == Accepted("Slow")
        ahead = b"MAIL FROM:<team@example.org> SIZE=42\r\nRCPT TO:<guest1@example.com>\r\nDATA\r\n"
        assert peer.packets[1:] == [ahead.replace(b"guest1", b"guest0"), stuffed(mail(0).data) + b".\r\n" + ahead]
        assert list(outcomes) == [Accepted("Ok: queued as 2")]
        provider.close()


def test_nothing_goes_ahead_to_a_server_that_does_not_offer_it():
    with Peer(features=LOCK_STEP) as peer:
        provider = peer.provider()
        outcomes = handed_over(provider, mails(2))
        next(outcomes)
        assert peer.received.endswith(b"\r\n.\r\n")
        outcomes.close()
        provider.close()


@pytest.mark.parametrize("refused", [0, 1, 2, 3])
def test_a_refused_recipient_is_the_one_who_was_refused(refused):
    answers = {"RCPT": [OK] * refused + [GONE], "DATA": [GO] * refused + [NO_RECIPIENTS]}
    with Peer(answers) as peer:
        outcomes = peer.hand_over(mails(4))
    assert [type(outcome) for outcome in outcomes].index(Permanent) == refused
    assert [taken.to for taken in peer.messages] == [mail(number).to for number in range(4) if number != refused]
    assert peer.connections == 1


@pytest.mark.parametrize("refused", [0, 1, 2])
def test_a_message_that_is_asked_for_although_the_recipient_was_refused_is_never_begun(refused):
    """A lone dot would hand over an empty mail: the connection ends, and DATA waits for its turn from now on."""
    with Peer({"RCPT": [OK] * refused + [GONE]}) as peer:
        provider = peer.provider()
        outcomes = list(handed_over(provider, mails(3)))
        assert [type(outcome) for outcome in outcomes].index(Permanent) == refused
        again = list(handed_over(provider, mails(1)))
        provider.close()
    assert [type(outcome) for outcome in outcomes + again].count(Accepted) == 3
    assert b"RCPT TO:<guest%d@example.com>\r\nDATA\r\nEHLO" % refused in peer.received
    assert [packet for packet in peer.packets[refused + 2 :] if b".\r\nMAIL" in packet] == []
    assert [taken.data for taken in peer.messages if not taken.data] == []
    assert peer.connections == 2


@pytest.mark.parametrize("refused", [0, 1, 2])
def test_a_refused_sender_whose_data_gets_a_go_ahead_ends_the_connection(refused):
    answers = {
        "MAIL": [OK] * refused + [b"451 4.7.0 Later\r\n"],
        "RCPT": [OK] * refused + [b"503 5.5.1 MAIL first\r\n"],
    }
    with Peer(answers) as peer:
        outcomes = peer.hand_over(mails(3))
    assert [(type(outcome), outcome.code) for outcome in outcomes if type(outcome) is not Accepted] == [
        (Transient, "451 4.7.0")
    ]
    assert type(outcomes[refused]) is Transient
    assert [taken.to for taken in peer.messages] == [mail(number).to for number in range(3) if number != refused]


def test_two_refusals_on_end_belong_to_two_recipients():
    answers = {
        "RCPT": [OK, b"550 5.1.1 A\r\n", b"452 4.2.2 B\r\n", OK, b"550 5.2.2 C\r\n"],
        "DATA": [GO, NO_RECIPIENTS, NO_RECIPIENTS, GO, NO_RECIPIENTS],
    }
    with Peer(answers) as peer:
        outcomes = peer.hand_over(mails(6))
    assert told(outcomes) == [
        ("Accepted", ""),
        ("Permanent", "550 5.1.1"),
        ("Transient", "452 4.2.2"),
        ("Accepted", ""),
        ("Permanent", "550 5.2.2"),
        ("Accepted", ""),
    ]
    assert [outcome.detail for outcome in outcomes if not isinstance(outcome, Accepted)] == ["A", "B", "C"]
    assert peer.connections == 1


def test_a_refused_message_is_not_the_next_ones():
    with Peer({".": [b"554 5.7.1 Spam\r\n", OK, b"452 4.3.1 Full\r\n"]}) as peer:
        outcomes = peer.hand_over(mails(4))
    assert told(outcomes) == [
        ("Permanent", "554 5.7.1"),
        ("Accepted", ""),
        ("Transient", "452 4.3.1"),
        ("Accepted", ""),
    ]
    assert peer.connections == 1


def test_a_refused_message_before_a_refused_recipient():
    answers = {".": [b"554 5.7.1 Spam\r\n"], "RCPT": [OK, GONE, GONE], "DATA": [GO, NO_RECIPIENTS, NO_RECIPIENTS]}
    with Peer(answers) as peer:
        outcomes = peer.hand_over(mails(3))
    assert told(outcomes) == [("Permanent", "554 5.7.1"), ("Permanent", "550 5.1.1"), ("Accepted", "")]


def test_the_connection_that_ends_behind_a_final_dot_costs_the_next_mail_nothing():
    with Peer({".": [(b"250 2.0.0 Last one\r\n", Close)]}) as peer:
        assert peer.hand_over(mails(2)) == [Accepted("Last one"), Accepted("Ok: queued as 2")]
    assert peer.connections == 2


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("how", [Close, b"421 4.3.2 Enough\r\n", (b"421 4.3.2 Enough\r\n", Close)])
def test_an_envelope_that_went_ahead_in_vain_goes_again_on_another_connection(step, how):
    friendly = {"MAIL": OK, "RCPT": OK, "DATA": GO}[step]
    with Peer({step: [friendly, how]}) as peer:
        outcomes = peer.hand_over(mails(3))
    assert told(outcomes) == [("Accepted", "")] * 3
    assert [taken.to for taken in peer.messages] == [mail(number).to for number in range(3)]
    assert peer.connections == 2


# A reply too many: whatever it says, the mail in question is not sent a second time.


@pytest.mark.parametrize("stray", [OK, b"450 4.2.0 Try again\r\n", b"550 5.1.1 Gone\r\n", GO])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_reply_too_many_before_the_message_keeps_the_message_back(step, stray):
    friendly = {"MAIL": OK, "RCPT": OK, "DATA": GO}[step]
    with Peer({step: [friendly + stray]}) as peer:
        [first, second] = peer.hand_over(mails(2))
    whole = sorted(taken.to for taken in peer.messages)  # of two connections: either may be through first
    assert type(second) is Accepted
    came_late = step != "DATA" and type(first) is Unclear  # behind 354 it is in the same packet, and always seen
    kept_back, not_kept = [mail(1).to], [mail(0).to, mail(1).to]
    assert (type(first), whole) == ((Unclear, not_kept) if came_late else (Transient, kept_back))


@pytest.mark.parametrize("features", [None, LOCK_STEP], ids=["pipelined", "lock-step"])
@pytest.mark.parametrize("count", [1, 2], ids=["last", "followed"])
@pytest.mark.parametrize("stray", [b"450 4.2.0 Try again\r\n", b"554 5.7.1 Spam\r\n"])
def test_a_refusal_from_before_the_final_dot_leaves_a_taken_mail_in_doubt(stray, count, features):
    with Peer({"body": [stray]}, **({"features": features} if features else {})) as peer:
        outcomes = peer.hand_over(mails(count))
    assert type(outcomes[0]) is Unclear
    assert [taken.to for taken in peer.messages] == [mail(number).to for number in range(count)]
    assert told(outcomes[1:]) == [("Accepted", "")] * (count - 1)


def test_a_refusal_from_before_the_final_dot_before_a_refused_recipient():
    answers = {"body": [b"450 4.2.0 Again\r\n"], "RCPT": [OK, GONE, GONE], "DATA": [GO, NO_RECIPIENTS, NO_RECIPIENTS]}
    with Peer(answers) as peer:
        outcomes = peer.hand_over(mails(2))
    assert told(outcomes) == [("Unclear", "450 4.2.0"), ("Permanent", "550 5.1.1")]


def test_a_refusal_that_nothing_confirms_leaves_the_mail_in_doubt(monkeypatch):
    ends_in_step = Session._ends_in_step

    def impatient(session):
        session._timeouts = patient(reply=0.2)  # only now: what came before is answered, however busy this box
        return ends_in_step(session)

    monkeypatch.setattr(Session, "_ends_in_step", impatient)
    with Peer({"body": [b"450 4.2.0 Again\r\n"], ".": [Silence]}) as peer:
        [only] = peer.hand_over(mails(1))
    assert type(only) is Unclear


@pytest.mark.parametrize(
    ("step", "reply"),
    [("DATA", OK), ("RCPT", GO), ("MAIL", GO), ("RCPT", b"220 Hello\r\n"), ("DATA", b"251 Ok\r\n")],
)
@pytest.mark.parametrize("which", [0, 1])
def test_an_unexpected_code_ends_the_connection_before_anything_is_sent(step, reply, which):
    friendly = {"MAIL": OK, "RCPT": OK, "DATA": GO}[step]
    with Peer({step: [friendly] * which + [reply]}) as peer:
        outcomes = peer.hand_over(mails(3))
    assert [type(outcome) for outcome in outcomes].index(Transient) == which
    assert outcomes[which].detail == "The mail server answered out of turn"
    assert [taken.to for taken in peer.messages] == [mail(number).to for number in range(3) if number != which]
    assert peer.begun == 2
