"""What a refusal is about (F5): of many servers' answers, whatever their lines and whoever they are for."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventmail.providers import refusals
from eventmail.providers.base import Permanent, ProviderError, Refused
from eventmail.providers.refusals import About
from eventmail.providers.smtp.refusals import Step, refusal
from eventmail.providers.smtp.wire import Reply
from tests.support.answers import ABOUT_US, DEAD, FULL, GUEST, OURS, filled, reply

# Their own parts are words of policy.
AWKWARD = ("spam@relay.example", "relay@policy-block.example", "sender@host.example", "quota+spam@client.example.net")
STEPS = st.sampled_from([Step.SENDER, Step.RECIPIENT, Step.DATA, Step.MESSAGE])


def refused(said: Reply, step: Step = Step.RECIPIENT, to: str = GUEST) -> ProviderError:
    return refusal(said, step, signed_in=True, host="mail.example.org", sender=OURS, to=to)


def is_dead(outcome: ProviderError) -> bool:
    return isinstance(outcome, Permanent) and outcome.hard


def about(answer: str, to: str = GUEST) -> About:
    return refusals.judge(reply(answer, to).text, reply(answer, to).status, to=to, sender=OURS).about


def test_the_corpus_is_large_enough() -> None:
    assert (len(ABOUT_US) >= 60, len(DEAD) >= 30) == (True, True)


def told(answer: str, to: str) -> tuple[About, bool]:
    """What an answer is about, and whether the address it was given for is dead."""
    return about(answer, to), is_dead(refused(reply(answer, to), to=to))


def test_F5_what_is_about_us_ends_no_address() -> None:
    found = {(who, answer, to): told(answer, to) for who, answer in ABOUT_US for to in (GUEST, *AWKWARD)}
    assert {case: said for case, said in found.items() if said[0] in (About.DEAD, About.FULL) or said[1]} == {}


def test_F5_what_says_that_nobody_is_there_does() -> None:
    cases = [
        # an answer may name the domain of that one
        (who, answer, GUEST if "guests.example.net" in answer else to)
        for who, answer in DEAD
        for to in (GUEST, *AWKWARD)
    ]
    found = {case: told(case[1], case[2]) for case in cases}
    assert {case: said for case, said in found.items() if said != (About.DEAD, True)} == {}


def test_F5_a_full_mailbox_is_no_dead_one() -> None:
    found = {(who, answer): told(answer, GUEST) for who, answer in FULL}
    assert {case: said for case, said in found.items() if said != (About.FULL, False)} == {}


@given(st.sampled_from(ABOUT_US), st.data(), STEPS)
def test_F5_about_us_in_any_order_of_lines_however_they_are_split(
    case: tuple[str, str], data: st.DataObject, step: Step
) -> None:
    said = reply(case[1])
    lines = data.draw(st.permutations(said.lines))
    words = [word for line in lines for word in line.split(b" ")]
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(words) - 1)), max_size=6)))
    pieces = [b" ".join(words[begin:end]) for begin, end in zip([0, *cuts], [*cuts, len(words)], strict=True)]
    for shaped in (tuple(lines), tuple(pieces)):
        assert not is_dead(refused(Reply(said.code, shaped), step))


@given(st.sampled_from(DEAD), st.data())
def test_F5_a_dead_address_however_the_answer_is_split(case: tuple[str, str], data: st.DataObject) -> None:
    said = reply(case[1])
    words = b" ".join(said.lines).split(b" ")
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(words) - 1)), max_size=6)))
    pieces = [b" ".join(words[begin:end]) for begin, end in zip([0, *cuts], [*cuts, len(words)], strict=True)]
    assert is_dead(refused(Reply(said.code, tuple(pieces))))


@given(st.sampled_from(ABOUT_US), st.sampled_from(DEAD), st.booleans())
def test_F5_a_word_about_us_outweighs_one_about_the_guest(
    us: tuple[str, str], dead: tuple[str, str], dead_first: bool
) -> None:
    if refusals.judge(reply(us[1]).text, reply(us[1]).status, to=GUEST, sender=OURS).about is About.NOTHING:
        return
    lines = [*reply(dead[1]).lines, *reply(us[1]).lines] if dead_first else [*reply(us[1]).lines, *reply(dead[1]).lines]
    assert not is_dead(refused(Reply(550, tuple(lines))))


def test_F5_no_line_about_a_missing_domain_outweighs_one_about_us() -> None:
    missing = b"5.4.310 DNS domain guests.example.net does not exist"
    dead = [
        (who, answer)
        for who, answer in ABOUT_US
        if about(answer) is not About.NOTHING and is_dead(refused(Reply(550, (missing, *reply(answer).lines))))
    ]
    assert dead == []


@given(st.sampled_from(["5.1.1", "#5.1.1", "(5.1.1)", "(#5.1.1)"]), st.integers(0, 3), st.integers(1, 4))
def test_F5_a_code_counts_on_whatever_line_it_stands(code: str, place: int, others: int) -> None:
    lines = [b"We are sorry", b"about this", b"very much so", b"indeed"][:others]
    lines.insert(place, code.encode())
    outcome = refused(Reply(550, tuple(lines)))
    assert (is_dead(outcome), outcome.code) == (True, "550 5.1.1")


@pytest.mark.parametrize(
    ("codes", "means"),
    [
        ("5.1.1 5.1.2 5.1.3 5.1.6 5.1.10 5.2.1", About.DEAD),
        ("5.2.2 4.2.2", About.FULL),
        ("5.1.7 5.1.8 5.7.8 5.7.9 5.7.23 5.7.25 5.7.26 5.7.27 5.7.29 5.7.515", About.SENDER),
        ("5.1.9 5.2.3 5.3.4 5.5.2 5.6.0 5.7.0 5.7.1", About.US),
        ("5.4.1 5.4.6 4.1.1 4.2.1", About.LINE),
        ("5.0.0 5.1.0 5.1.4 5.2.0 5.2.4 5.3.0 5.5.0 2.1.5", About.NOTHING),
    ],
)
def test_F5_what_a_code_says_by_itself(codes: str, means: About) -> None:
    assert {code: refusals.judge("It is so", f"550 {code}").about for code in codes.split()} == dict.fromkeys(
        codes.split(), means
    )


@pytest.mark.parametrize("words", ["Lost connection with mx", "Network unreachable", "No route there"])
def test_what_is_no_more_than_the_way_is_called_that(words: str) -> None:
    assert refusals.judge(words, "550").about is About.LINE


@pytest.mark.parametrize(
    ("answer", "means"),
    [
        ("550 5.4.1 Recipient address rejected: Access denied. [AS(201806281)]", About.US),
        ("550 5.4.1 <{to}>: Recipient address rejected", About.LINE),
        ("550 5.4.1 Connection refused, user unknown", About.US),
        ("550 5.4.1 No connection; mailbox not found", About.LINE),
        ("550 5.4.1 Recipient not found, try again", About.LINE),
        ("550 5.4.1 <{to}>: no such recipient", About.DEAD),
    ],
)
def test_F5_the_code_of_an_edge_ends_an_address_only_with_words_that_do(answer: str, means: About) -> None:
    judged = refusals.judge(reply(answer).text, reply(answer).status, to=GUEST, sender=OURS)
    assert judged == (means, False)


@pytest.mark.parametrize("number", ["5.1.1.1", "15.1.1", "192.5.1.1", "5.1.1111", "5.9.1"])
def test_a_number_that_only_looks_like_a_code_is_none(number: str) -> None:
    assert refusals.enhanced(f"550 [{number}] said no") == []


def test_F5_only_an_answer_to_the_recipient_or_to_the_message_ends_an_address() -> None:
    cases = [(who, answer, step) for who, answer in DEAD for step in (Step.SENDER, Step.DATA)]
    assert [case for case in cases if is_dead(refused(reply(case[1]), case[2]))] == []


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.1.0 <{us}>: Sender address rejected: User unknown in virtual mailbox table",
        "550 5.1.0 <{us}>: no such address",
        "553 <{us}>: not yours",
        "554 5.7.1 <{us}>: rejected",
        "554 5.7.1 <{to}>: Relay access denied",
        "550 relay not permitted",
        "554 5.7.1 Sender address rejected: Access denied",
        "504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname",
        "550-Verification failed for <{us}>\n550-Unknown user\n550 Sender verify failed",
    ],
)
@pytest.mark.parametrize("step", [Step.RECIPIENT, Step.DATA, Step.MESSAGE])
def test_S12_who_is_refused_at_the_recipient_is_refused_for_one_so_far(answer: str, step: Step) -> None:
    outcome = refused(reply(answer), step)
    assert isinstance(outcome, Refused)
    assert outcome.of_one


@pytest.mark.parametrize("answer", ["530 5.7.0 Sign in first", "535 5.7.8 Wrong password", "550 5.7.8 Wrong password"])
def test_S12_refused_credentials_are_those_of_everybody(answer: str) -> None:
    outcome = refused(reply(answer))
    assert isinstance(outcome, Refused)
    assert not outcome.of_one


def test_a_mail_to_our_own_address_may_find_it_dead() -> None:
    said = reply("550 5.1.1 <{to}>: Recipient address rejected: User unknown in local recipient table", to=OURS)
    assert is_dead(refused(said, to=OURS))


@given(st.sampled_from([*ABOUT_US, *DEAD]), st.emails(), st.emails())
def test_F5_the_same_refusal_reads_the_same_whoever_it_is_for(case: tuple[str, str], one: str, other: str) -> None:
    def words(to: str) -> str:
        return refusals.same_words(filled(case[1], to), "550", to=to, sender=OURS)

    if OURS not in (one, other):
        assert refusals.are_alike(words(one.lower()), words(other.lower()))


def test_F5_a_guest_whose_name_is_a_word_of_the_refusal_is_refused_for_the_same_reason_as_the_others() -> None:
    def words(to: str, said: str) -> str:
        return refusals.same_words(said.replace("{name}", to.partition("@")[0]), "550", to=to, sender=OURS)

    def alike(said: str) -> bool:
        return refusals.are_alike(words("mail@guests.example.net", said), words("ada@guests.example.net", said))

    assert alike("Your mail server is not known here")
    assert alike("User {name} is not known here")
    assert not refusals.are_alike(words("mail@a.example", "No mail for you"), words("ada@a.example", "No way for you"))


def test_F5_tickets_and_times_make_no_other_refusal() -> None:
    one = refusals.same_words("Unknown user, id abc-17 at 10:41:07, see https://x.example/?t=1", "550", to=GUEST)
    other = refusals.same_words("Unknown user, id zyx-99 at 10:42:58, see https://x.example/?t=2", "550", to=GUEST)
    assert (one == other, "unknown user" in one) == (True, True)
    assert not refusals.are_alike(one, refusals.same_words("Unknown user", "550 5.1.1", to=GUEST))


def test_every_row_of_the_table_names_where_it_was_read() -> None:
    rows = [*refusals._ABOUT_US, refusals._FULL, refusals._ONLY_FOR_NOW, refusals._DEAD, refusals._LINE]
    assert [row for row in rows if not row.source] == []
    assert [code for code, (_, source) in refusals._CODES.items() if not re.search(r"RFC|Microsoft", source)] == []
