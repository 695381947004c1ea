"""A mail about an account leaves: at most once for each request, with a token that nobody else ever had."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from eventmail.db import fresh
from eventmail.domain.people import accounts, colleagues, invitations, sessions, sign_in_links
from eventmail.errors import NoRecipients
from eventmail.models import EVERYWHERE, AccountMail, LoginSession, SignInLink, Suppression
from eventmail.models.account import Role
from eventmail.providers.base import Accepted, Mail, Outcome, Permanent, Refused, Transient, Unclear
from eventmail.sending import dead_worker_journal
from eventmail.sending.account_mails import delivery, outcome, settle
from eventmail.sending.claim import LEASE
from eventmail.sending.drain import LOOK_AGAIN
from eventmail.sending.sweep import sweep
from eventmail.settings import Settings
from tests.support.account_mail import ADA, PLACE, link_in, read
from tests.support.recording import Killed, Recording
from tests.support.seeding import PASSWORD, Person, acting, by_link
from tests.support.time import FrozenClock

# Sent


def test_a_mailed_invitation_lets_its_reader_join(
    deliver: Any, provider: Recording, invite: Any, state: Any, told: Any
) -> None:
    invite()
    assert deliver() is None
    [mail] = provider.mails
    assert (mail.sender, mail.to, mail.attempt) == ("team@organizers.example", ADA, 1)
    assert "Olive Owner" in read(mail.data).get_content()
    assert state() == ("sent", 1, None)
    assert told() == [("Olive Owner", "account_mail.asked"), ("worker", "account_mail.sent")]
    path, token = link_in(mail.data)
    assert path == f"/sign-in/{token}"
    assert invitations.accept(token, name="Ada", password=PASSWORD, by=acting())


def test_a_mailed_sign_in_link_lets_its_reader_choose_a_password(
    organizer: Person, deliver: Any, provider: Recording, row: Any
) -> None:
    sign_in_links.ask(organizer.email, PLACE, acting())
    deliver()
    path, token = link_in(provider.mails[0].data)
    assert path == f"/sign-in/{token}?next=/admin/account"
    session = sessions.find(sign_in_links.open_(token, acting()), acting().now)
    assert session is not None
    assert accounts.needs_no_password(row_of(session.session_id), acting())
    assert row(AccountMail).state == "sent"


def test_the_old_address_learns_that_the_account_has_another_one(
    organizer: Person, deliver: Any, provider: Recording, rows: Any, state: Any
) -> None:
    accounts.edit(by_link(organizer), "Oscar", "oscar@elsewhere.example", acting(organizer), terms=PLACE)
    tokens = len(rows(SignInLink))
    deliver()
    [mail] = provider.mails
    assert (mail.to, state()[0]) == (organizer.email, "sent")
    text = read(mail.data).get_content()
    assert ("has another email address since" in text, "/sign-in/" in text, "elsewhere" in text) == (True, False, False)
    assert len(rows(SignInLink)) == tokens


def row_of(session_id: int) -> Any:
    return fresh().get_one(LoginSession, session_id)


def test_the_token_is_in_no_row_and_in_no_queue(
    owner: Person, organizer: Person, deliver: Any, provider: Recording, settings: Settings, invite: Any
) -> None:
    invite()
    colleagues.mail_link(organizer.id, PLACE, acting(owner))
    deliver()
    tokens = [link_in(mail.data)[1] for mail in provider.mails]
    assert len(set(tokens)) == 2
    for database in (settings.database, settings.queue):
        with sqlite3.connect(database) as connection:
            dump = "\n".join(connection.iterdump())
        assert [token for token in tokens if token in dump] == []


def test_the_mail_ends_the_link_that_was_handed_over_before(
    owner: Person, deliver: Any, provider: Recording, invite: Any
) -> None:
    made = invitations.invite(ADA, Role.ORGANIZER, acting(owner))
    invite()
    deliver()
    assert invitations.find(made.token, acting()) is None
    assert invitations.find(link_in(provider.mails[0].data)[1], acting())


def test_each_request_is_one_mail_and_a_person_asks_again(
    deliver: Any, provider: Recording, rows: Any, invite: Any
) -> None:
    for _ in range(2):
        invite()
        deliver()
        deliver()
    assert [row.state for row in rows(AccountMail)] == ["sent", "sent"]
    first, second = (link_in(mail.data)[1] for mail in provider.mails)
    assert invitations.find(first, acting()) is None
    assert invitations.find(second, acting())
    assert len({mail.key for mail in provider.mails}) == 2


# Not sent


def test_S4_a_mail_that_was_surely_not_taken_is_tried_again_with_another_link(
    deliver: Any, provider: Recording, clock: FrozenClock, invite: Any, state: Any
) -> None:
    answers: Iterator[Outcome] = iter([Transient("Greylisted", code="451 4.7.1", retry_after=90), Accepted("taken")])
    provider.answers[ADA] = lambda _mail: next(answers)
    invite()
    assert deliver() == clock.now() + timedelta(seconds=90)
    assert state() == ("queued", 1, "Greylisted (451 4.7.1)")
    clock.advance(seconds=89)
    deliver()
    assert len(provider.mails) == 1
    clock.advance(seconds=1)
    deliver()
    assert state() == ("sent", 2, None)
    assert invitations.find(link_in(provider.mails[0].data)[1], acting()) is None
    assert invitations.find(link_in(provider.mails[1].data)[1], acting())


def test_S4_it_is_tried_a_few_times_and_then_it_has_failed(
    deliver: Any, provider: Recording, clock: FrozenClock, invite: Any, state: Any, told: Any
) -> None:
    provider.answers[ADA] = Transient("Try again later", code="451")
    invite()
    for _ in range(20):
        deliver()
        clock.advance(minutes=20)
    assert state() == ("failed", outcome.TRIES, "Try again later (451)")
    assert len(provider.mails) == outcome.TRIES
    assert told()[1:] == [("worker", "account_mail.failed")]


def test_a_try_that_a_clock_set_back_would_put_off_for_hours_is_due_at_once(
    deliver: Any, provider: Recording, clock: FrozenClock, invite: Any
) -> None:
    provider.answers[ADA] = Transient("Try again later", retry_after=60)
    invite()
    deliver()
    clock.advance(hours=-3)
    assert delivery.next_due(clock.now()) == clock.now()
    deliver()
    assert len(provider.mails) == 2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Permanent("No such user", code="550 5.1.1", hard=True), ("failed", 1, "No such user (550 5.1.1)")),
        (Refused("Credentials refused", code="535"), ("failed", 1, "Credentials refused (535)")),
        (Unclear("The line was lost"), ("unknown", 1, "The line was lost")),
    ],
)
@pytest.mark.parametrize("honours_keys", [False, True])
def test_S5_what_failed_and_what_is_in_doubt_is_never_tried_again_by_itself(
    *,
    answer: Any,
    expected: Any,
    honours_keys: bool,
    deliver: Any,
    provider: Recording,
    clock: FrozenClock,
    invite: Any,
    state: Any,
    told: Any,
) -> None:
    provider.honours_keys, provider.answers[ADA] = honours_keys, answer
    invite()
    assert deliver() is None
    clock.advance(hours=12)
    sweep(provider, clock.now())
    deliver()
    assert (state(), len(provider.mails)) == (expected, 1)
    assert told()[1:] == [("worker", f"account_mail.{expected[0]}")]


@pytest.mark.parametrize(
    ("answer", "reasons"),
    [
        (Permanent("No such user", code="550 5.1.1", hard=True), ["hard_bounce"]),
        (Accepted(complained=True), ["complaint"]),
        (Permanent("Spam", code="550 5.7.1"), []),
    ],
)
def test_F1_an_address_that_the_answer_calls_dead_comes_on_the_do_not_mail_list(
    answer: Any, reasons: list[str], deliver: Any, provider: Recording, invite: Any, rows: Any
) -> None:
    provider.answers[ADA] = answer
    invite()
    deliver()
    assert [(row.address, row.scope, row.reason) for row in rows(Suppression)] == [
        (ADA.lower(), EVERYWHERE, reason) for reason in reasons
    ]
    if reasons == ["hard_bounce"]:  # a complaint holds up the mail to guests, not this one
        with pytest.raises(NoRecipients):
            invite()


def test_S5_a_link_in_doubt_may_have_arrived_so_it_works(deliver: Any, provider: Recording, invite: Any) -> None:
    provider.answers[ADA] = Unclear("The line was lost")
    invite()
    deliver()
    assert invitations.find(link_in(provider.mails[0].data)[1], acting())


# Dead workers


@pytest.fixture
def left_behind(deliver: Any, provider: Recording, clock: FrozenClock, invite: Any) -> None:
    """A mail whose worker died during the hand-over."""

    def die(_mail: Mail) -> None:
        raise Killed

    invite()
    provider.before = die
    with pytest.raises(Killed):
        deliver()
    provider.before = lambda _mail: None


def test_S5_a_mail_of_a_dead_worker_is_in_doubt_and_stays_so(
    left_behind: None,
    deliver: Any,
    provider: Recording,
    clock: FrozenClock,
    owner: Person,
    row: Any,
    state: Any,
    told: Any,
) -> None:
    deliver()
    assert row(AccountMail).state == "sending"
    assert settle.settle(clock.advance(seconds=LEASE.total_seconds() - 1)) == 0
    sweep(provider, clock.advance(seconds=1))
    deliver()
    assert state() == ("unknown", 1, dead_worker_journal.WORDS)
    assert provider.mails == []
    assert told()[1:] == [("worker", "account_mail.unknown")]
    assert invitations.mail(ADA, Role.ORGANIZER, PLACE, acting(owner)).anew
    deliver()
    assert len(provider.mails) == 1


def test_a_lease_that_a_clock_set_back_would_prolong_for_hours_is_over(left_behind: None, clock: FrozenClock) -> None:
    assert settle.settle(clock.advance(hours=-3)) == 1


def assert_settled(clock: FrozenClock) -> None:
    assert settle.settle(clock.advance(minutes=1)) == 1


@pytest.mark.parametrize(
    ("answer", "end"),
    [(Accepted(), "sent"), (Permanent("No such user"), "failed"), (Transient("Later"), "failed"),
     (Unclear("Lost"), "unknown")],
)  # fmt: skip
def test_S5_the_true_answer_of_a_worker_that_was_thought_dead_replaces_the_doubt(
    *, answer: Any, end: str, deliver: Any, provider: Recording, clock: FrozenClock, row: Any, invite: Any
) -> None:
    provider.before = lambda _mail: assert_settled(clock)
    provider.answers[ADA] = answer
    invite()
    deliver()
    assert row(AccountMail).state == end
    assert len(provider.mails) == 1


def test_the_heartbeat_renews_the_lease_of_what_is_handed_over(
    deliver: Any, provider: Recording, clock: FrozenClock, row: Any, invite: Any
) -> None:
    def slow(_mail: Mail) -> None:
        for _ in range(4):
            delivery.renew(clock.advance(seconds=15))
            assert settle.settle(clock.now()) == 0

    provider.before = slow
    invite()
    deliver()
    assert row(AccountMail).state == "sent"
    assert delivery.held.ids() == []


def test_a_mail_whose_turn_never_came_waits_as_before(
    deliver: Any, provider: Recording, monkeypatch: pytest.MonkeyPatch, invite: Any, state: Any
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "MARGIN_SECONDS", LEASE.total_seconds())  # no time is left to begin
        patch.setattr(delivery, "TURN_SECONDS", 0.05)
        invite()
        assert deliver() is not None
    assert (provider.mails, state()) == ([], ("queued", 0, None))
    deliver()
    assert state() == ("sent", 1, None)


def test_S5_a_hand_over_that_broke_off_is_doubt(deliver: Any, provider: Recording, invite: Any, state: Any) -> None:
    def break_off(_mail: Mail) -> None:
        raise RuntimeError("a fault of the provider's own code")

    provider.before = break_off
    invite()
    deliver()
    assert state() == ("unknown", 1, "The hand-over broke off; nobody can say whether this mail left")


def test_S11a_while_a_connection_is_being_opened_a_mail_stays_queued_and_its_link_unmade(
    deliver: Any, provider: Recording, invite: Any, row: Any, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite()
    with monkeypatch.context() as patch:
        patch.setattr(provider, "stands", lambda _who, _seconds: False)
        assert deliver() == clock.now() + LOOK_AGAIN
    mail = row(AccountMail)
    assert (mail.state, mail.attempts, mail.claim_until, provider.mails) == ("queued", 0, None, [])
    deliver()
    assert row(AccountMail).state == "sent"


def test_S11a_one_turn_that_talks_to_a_slow_server_takes_up_one_thread(
    deliver: Any, provider: Recording, invite: Any, row: Any, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite()
    monkeypatch.setattr(delivery, "TURN_SECONDS", 0.05)
    with delivery._talking:
        assert deliver() == clock.now() + LOOK_AGAIN
    assert (row(AccountMail).state, provider.mails) == ("queued", [])
