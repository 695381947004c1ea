"""Whatever a server does, in whatever order: no mail is sent twice, and no outcome is another guest's."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventmail.providers.base import Accepted, Permanent, Refused, Transient, Unclear
from eventmail.providers.smtp.service import Timeouts
from tests.support.budgets import budget
from tests.support.smtp_peer import FEATURES, FRIENDLY, LOCK_STEP, Close, Peer, Reset, in_fragments, mails, patient

REFUSALS = [b"421 4.3.2 Away\r\n", b"450 4.2.1 Not {to}\r\n", b"452 4.5.3 Enough\r\n", b"550 5.1.1 No {to}\r\n",
            b"550-5.7.1 Never {to}\r\n550 5.7.1 Never\r\n", b"503 5.5.2 Order\r\n"]  # fmt: skip
ODD = [
    b"250 Ok\r\n",
    b"354 Go\r\n",
    b"221 Bye\r\n",
    b"535 5.7.8 Who\r\n",
    b"what?\r\n",
    b"250-Ok\r\n550 No\r\n",
    b"\r\n",
]
STRAY = [b"250 Ok\r\n", b"354 Go\r\n", b"450 4.2.0 Again\r\n", b"550 5.1.1 Gone\r\n", b"451"]
STEPS = ("MAIL", "RCPT", "DATA", ".")
# Long enough for an answer, short enough for the many that never come.
QUICK = Timeouts(connect=5.0, reply=0.3, data=0.3, block=0.3, final=0.3)
MODERATE = settings(max_examples=budget(80, soaked=200), suppress_health_check=[HealthCheck.too_slow])
FEATURE_SETS = st.sampled_from([FEATURES, LOCK_STEP])


def friendly(step):
    return b"250 2.0.0 Taken for {to}\r\n" if step == "." else FRIENDLY[step]


def orderly(step):
    """One answer to one command: mostly friendly; now and then a refusal, in pieces, or the end of the connection."""
    said = st.one_of(*[st.just(friendly(step))] * 3, st.sampled_from(REFUSALS))
    return st.one_of(*[said] * 4, said.map(in_fragments), said.map(lambda reply: (reply, Close)), st.just(Close))


def disorderly(step):
    """Also replies that don't fit, and one too many."""
    said = st.one_of(*[st.just(friendly(step))] * 3, st.sampled_from(REFUSALS), st.sampled_from(ODD))
    more = st.builds(lambda reply, stray: reply + stray, said, st.sampled_from(STRAY))
    return st.one_of(*[orderly(step)] * 4, said, more, st.just(Reset))


def scripts(answers, body):
    steps = {step: st.lists(answers(step), max_size=8) for step in STEPS}
    return st.fixed_dictionaries(
        {**steps, "RSET": st.lists(answers("RSET"), max_size=2), "body": st.lists(body, max_size=8)}
    )


ORDERLY = scripts(orderly, st.sampled_from([b"", b"", b"", Close]))
DISORDERLY = scripts(disorderly, st.sampled_from([b"", b"", b"", *STRAY, Close, (b"552 5.3.4 Big\r\n", Close)]))


def whole_messages(peer, sent):
    """What came whole, by address; never twice, never another guest's text."""
    assert [to for to, times in Counter(taken.to for taken in peer.messages).items() if times > 1] == []
    text = {each.to: each.data for each in sent}
    assert [taken.to for taken in peer.messages if taken.data != text[taken.to]] == []
    return {taken.to: taken for taken in peer.messages}


@given(DISORDERLY, st.integers(1, 8), FEATURE_SETS)
@MODERATE
def test_S5_at_most_once_whatever_the_server_does(script, count, features):
    sent = mails(count)
    with Peer(script, features) as peer:
        told = peer.told(sent, timeouts=QUICK)
    whole = whole_messages(peer, sent)
    assert len(told) == count or Refused in {type(outcome) for _, outcome in told}
    for mail, outcome in told:
        if mail.to in whole and isinstance(outcome, Transient | Permanent | Refused):
            refused_by = whole[mail.to].answered.strip() or whole[mail.to].during
            assert refused_by[:1] in (b"4", b"5"), f"{outcome!r}, yet the peer said {refused_by!r}"


@given(ORDERLY, st.integers(1, 8), FEATURE_SETS)
@MODERATE
def test_every_outcome_is_the_guests_own(script, count, features):
    sent = mails(count)
    with Peer(script, features) as peer:
        told = peer.told(sent, timeouts=patient())
    whole = whole_messages(peer, sent)
    assert len(told) == count or Refused in {type(outcome) for _, outcome in told}
    for mail, outcome in told:
        assert outcome is not None, "another connection stood at once"
        words = outcome.id if isinstance(outcome, Accepted) else outcome.detail
        assert "@" not in words or words.endswith(mail.to)
        answered = whole[mail.to].answered[:1] if mail.to in whole else None
        if isinstance(outcome, Accepted):
            assert answered == b"2"
        elif isinstance(outcome, Unclear):
            assert answered != b"2"
        else:
            assert answered in (None, b"4", b"5")
