"""Sign-in links by mail: asked for by who forgot the password, spent by a button alone."""

from typing import Any

import pytest

from eventmail.db import transaction
from eventmail.domain.people import colleagues, sign_in_links
from eventmail.domain.people.sessions import Caller
from eventmail.domain.people.throttle import FORGOTTEN, FORGOTTEN_NETWORK
from eventmail.errors import InvalidInput, LinkExpired, RateLimited
from eventmail.models import AccountMail, AuditEntry, SignInLink
from tests.support.account_mail import PLACE
from tests.support.seeding import Person, acting
from tests.support.time import FrozenClock

# Forgotten passwords


def test_whoever_forgot_the_password_gets_one_mail_while_it_waits(organizer: Person, row: Any, rows: Any) -> None:
    for email in (organizer.email, organizer.email.upper()):
        sign_in_links.ask(email, PLACE, acting())
    assert (row(AccountMail).user_id, row(AccountMail).asked_by) == (organizer.id, None)
    [entry] = rows(AuditEntry, AuditEntry.action == "account_mail.asked")
    assert (entry.actor, entry.subject, entry.detail) == ("cli", f"user:{organizer.id}", {"email": organizer.email})


def test_a_strangers_address_and_that_of_who_left_get_nothing_and_no_other_answer(
    owner: Person, organizer: Person, count: Any
) -> None:
    colleagues.remove(organizer.id, acting(owner))
    for email in (organizer.email, "stranger@elsewhere.example"):
        sign_in_links.ask(email, PLACE, acting())
    assert count(AccountMail) == 0


@pytest.mark.parametrize("email", ["oscar@organizers.example", "stranger@elsewhere.example"])
def test_three_links_are_asked_for_an_address_known_or_not(
    email: str, organizer: Person, clock: FrozenClock, count: Any
) -> None:
    for _ in range(FORGOTTEN.tries):
        sign_in_links.ask(email, PLACE, acting())
    clock.advance(minutes=5)
    with pytest.raises(RateLimited, match="Too many links were asked for") as refused:
        sign_in_links.ask(email.upper(), PLACE, acting())
    assert refused.value.retry_after == 600
    clock.advance(minutes=10)
    sign_in_links.ask(email, PLACE, acting())


def test_a_network_asks_for_so_many_links_and_no_more(organizer: Person, count: Any) -> None:
    caller = Caller(network="192.0.2.1")
    for n in range(FORGOTTEN_NETWORK.tries):
        sign_in_links.ask(f"stranger{n}@elsewhere.example", PLACE, acting(), caller)
    with pytest.raises(RateLimited):
        sign_in_links.ask(organizer.email, PLACE, acting(), caller)
    sign_in_links.ask(organizer.email, PLACE, acting(), Caller(network="192.0.2.2"))
    assert count(AccountMail) == 1


def test_an_address_that_is_none_is_refused_and_not_counted(count: Any) -> None:
    for _ in range(FORGOTTEN.tries + 1):
        with pytest.raises(InvalidInput):
            sign_in_links.ask("oscar@", PLACE, acting())


# Mailed links


def a_mailed_link(person: Person) -> str:
    with transaction() as tx:
        return sign_in_links.mailed(tx, person.id, acting())


def test_a_mailed_link_is_spent_once(organizer: Person, row: Any) -> None:
    token = a_mailed_link(organizer)
    holder = sign_in_links.holder(token, acting())
    assert holder is not None
    assert holder.id == organizer.id
    assert row(SignInLink).used_at is None
    sign_in_links.open_(token, acting())
    with pytest.raises(LinkExpired):
        sign_in_links.open_(token, acting())
    assert sign_in_links.holder(token, acting()) is None


def test_a_mailed_link_ends_the_earlier_ones_and_lives_as_long(organizer: Person, clock: FrozenClock) -> None:
    earlier = sign_in_links.issue(organizer.email, acting())
    token = a_mailed_link(organizer)
    with pytest.raises(LinkExpired):
        sign_in_links.open_(earlier, acting())
    clock.advance(hours=1)
    assert sign_in_links.holder(token, acting()) is None
