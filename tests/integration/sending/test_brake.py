"""The brake (F5): refusals for a fault of ours stop the run and ask; only what the run has proven lists anybody."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from sqlalchemy import select

from eventmail.db import fresh
from eventmail.domain.mailings import control
from eventmail.domain.terms import SendingTerms
from eventmail.errors import NothingToDo
from eventmail.models import AuditEntry, EmailEvent, Suppression
from eventmail.providers.base import Accepted, HandedOver, Mail, MayBegin, Outcome, Permanent, Refused, Transient
from eventmail.sending import brake
from eventmail.sending.finish import finish
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.time import FrozenClock

PLACE = SendingTerms("https://mail.example.org", b"0" * 32, outside=False)


def people(number: int) -> list[str]:
    return [f"g{n:03}@guests.example.net" for n in range(number)]


def bare(mail: Mail) -> Outcome:
    return Permanent(f"Invalid recipient: <{mail.to}>", code="550", hard=True)


def certain(mail: Mail) -> Outcome:
    return Permanent(f"<{mail.to}>: User unknown", code="550 5.1.1", hard=True)


def spam(mail: Mail) -> Outcome:
    return Permanent(f"Spam to {mail.to}", code="554 5.7.1")


def listed() -> list[str]:
    fresh().rollback()
    return list(fresh().scalars(select(Suppression.address).order_by(Suppression.address)))


def to_the_end(run: Any, provider: Recording) -> None:
    while run.drain(provider) is not None:
        pass


@pytest.mark.parametrize("answer", [bare, certain, spam])
def test_F5_ten_refusals_in_the_same_words_stop_the_run_and_list_nobody(
    send: Callable[..., Any], provider: Recording, answer: Any
) -> None:
    provider.answers = dict.fromkeys(people(40), answer)
    run = send(*people(40))
    to_the_end(run, provider)

    assert run.counts == {"failed": 10, "queued": 30}
    assert (run.job.brake, run.job.state, listed()) == ("alike", "running", [])
    reason = answer(provider.mails[9]).words
    assert run.job.stopped == f"Your mail service refused the first 10 for the same reason: {reason}"
    assert run.mailing.last_error == run.job.stopped
    entry = fresh().scalars(select(AuditEntry).where(AuditEntry.action == "mailing.stopped_itself")).one()
    assert (entry.actor, entry.detail) == ("worker", {"reason": run.job.stopped})
    run.assert_balanced()


def test_F5_nine_in_the_same_words_are_no_ten(send: Callable[..., Any], provider: Recording) -> None:
    provider.answers = dict.fromkeys(people(9), certain)
    run = send(*people(40))
    to_the_end(run, provider)
    assert (run.counts, listed()) == ({"failed": 9, "sent": 31}, people(9))


def test_F5_other_words_among_the_first_ten_are_no_single_reason(send: Callable[..., Any], provider: Recording) -> None:
    provider.answers = {**dict.fromkeys(people(12), certain), people(5)[4]: spam}
    run = send(*people(29))
    to_the_end(run, provider)
    assert (run.counts, run.job.brake) == ({"failed": 12, "sent": 17}, None)


def test_F5_ten_in_the_same_words_after_a_mail_was_taken_go_on(send: Callable[..., Any], provider: Recording) -> None:
    provider.answers = dict.fromkeys(people(11)[1:], spam)
    run = send(*people(29))
    to_the_end(run, provider)
    assert (run.counts, run.job.brake) == ({"failed": 10, "sent": 19}, None)


def test_F5_more_than_a_third_of_thirty_dead_stop_the_run_and_list_nobody(
    send: Callable[..., Any], provider: Recording
) -> None:
    everybody = people(100)
    dead = everybody[1:40:3] + everybody[40:]
    provider.answers = dict.fromkeys(dead, certain)
    run = send(*everybody)
    to_the_end(run, provider)

    assert (run.job.brake, listed()) == ("dead", [])
    assert run.counts["queued"] == 100 - run.job.answered
    said = f"Of the first {run.job.answered} addresses {run.job.looked_dead} look dead to your mail service"
    assert run.job.stopped == said


def test_F5_a_third_of_thirty_is_no_more_than_a_third(send: Callable[..., Any], provider: Recording) -> None:
    dead = people(30)[::3]
    provider.answers = dict.fromkeys(dead, certain)
    run = send(*people(30))
    to_the_end(run, provider)
    assert (run.counts, run.job.brake, listed()) == ({"failed": 10, "sent": 20}, None, dead)


def test_F5_a_third_that_is_passed_at_the_very_end_lists_nobody_either(
    send: Callable[..., Any], provider: Recording
) -> None:
    provider.answers = dict.fromkeys(people(30)[8:19], certain)
    run = send(*people(30))
    to_the_end(run, provider)
    assert (run.counts, run.job.brake, run.job.state, listed()) == ({"failed": 11, "sent": 19}, "dead", "finished", [])
    assert brake.suspects(run.job_id) == 11


def test_F5_nobody_is_listed_while_the_brake_may_still_trip(send: Callable[..., Any], provider: Recording) -> None:
    everybody = people(100)
    provider.answers = {everybody[0]: certain}
    seen: list[list[str]] = []
    watched = everybody[24::20]  # the fifth of each group, when the groups before are recorded
    provider.before = lambda mail: seen.append(listed()) if mail.to in watched else None
    run = send(*everybody)
    to_the_end(run, provider)
    # after 80 answers the rest is too small to make a third of all look dead
    assert (seen, listed()) == ([[], [], [], people(1)], people(1))


def test_F5_nobody_is_listed_while_the_first_ten_may_still_be_the_same(
    send: Callable[..., Any], provider: Recording
) -> None:
    provider.answers = {**dict.fromkeys(people(12)[1:], Transient("later")), people(1)[0]: certain}
    run = send(*people(12))
    run.drain(provider)
    assert (run.counts, run.job.answered, listed()) == ({"failed": 1, "queued": 11}, 1, [])


class LastFirst(Recording):
    """Answers a group from its end, as a service over several connections may."""

    def hand_over(self, mails: Iterable[Mail], may_begin: MayBegin) -> HandedOver:
        """See providers.base.Provider."""
        yield from super().hand_over(list(mails)[::-1], may_begin)


def test_F5_ten_in_the_same_words_and_one_taken_in_the_same_group_are_no_fault_of_ours(
    send: Callable[..., Any], provider: Recording
) -> None:
    provider = LastFirst(answers=dict.fromkeys(people(10), certain))
    run = send(*people(20))
    to_the_end(run, provider)
    assert (run.job.alike, run.job.accepted, run.job.brake) == (10, 10, None)
    assert (run.counts, listed()) == ({"failed": 10, "sent": 10}, people(10))


def test_F5_a_code_lists_at_once_where_the_brake_cannot_trip(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    provider.answers = {**dict.fromkeys(people(2), certain), people(3)[2]: Transient("later")}
    run = send(*people(3))
    run.drain(provider)
    assert (run.counts, listed()) == ({"failed": 2, "queued": 1}, people(2))


@pytest.mark.parametrize("number", [1, 3, 9])
def test_F5_a_bare_refusal_lists_nobody_where_nothing_was_taken(
    send: Callable[..., Any], provider: Recording, number: int
) -> None:
    provider.answers = dict.fromkeys(people(number), bare)
    run = send(*people(number))
    to_the_end(run, provider)
    assert (run.counts, run.job.state, listed()) == ({"failed": number}, "finished", [])
    assert brake.suspects(run.job_id) == number


@pytest.mark.parametrize("place", [0, 4])
def test_F5_a_bare_refusal_lists_once_a_mail_of_the_run_was_taken_before_or_after(
    send: Callable[..., Any], provider: Recording, place: int
) -> None:
    provider.answers = {people(5)[place]: bare}
    run = send(*people(5))
    to_the_end(run, provider)
    assert (run.counts, listed()) == ({"failed": 1, "sent": 4}, [people(5)[place]])


def test_F5_what_another_run_took_is_no_proof_for_this_one(
    send: Callable[..., Any], provider: Recording, event_id: int, organizer: Person
) -> None:
    provider.answers = {people(2)[1]: Permanent("Nobody knows why", code="554")}
    run = send(*people(2))
    to_the_end(run, provider)
    provider.answers = {people(2)[1]: bare}
    again = control.retry(event_id, run.mailing_id, PLACE, seeding.acting(organizer))
    to_the_end(type(run)(run.app, run.settings, run.mailing_id, again), provider)
    assert (run.counts, listed()) == ({"failed": 1, "sent": 1}, [])


def test_F5_going_on_asks_no_second_time_and_lists_nobody_by_itself(
    send: Callable[..., Any], provider: Recording, event_id: int, organizer: Person
) -> None:
    provider.answers = dict.fromkeys(people(25), certain)
    run = send(*people(60))
    to_the_end(run, provider)
    assert control.retry(event_id, run.mailing_id, PLACE, seeding.acting(organizer)) == run.job_id
    to_the_end(run, provider)
    assert (run.counts, run.job.brake, run.job.state) == ({"failed": 25, "sent": 35}, "answered", "finished")
    assert (listed(), brake.suspects(run.job_id)) == ([], 25)
    run.assert_balanced()


def test_F5_somebody_may_say_that_they_are_dead_indeed(
    send: Callable[..., Any], provider: Recording, event_id: int, organizer: Person
) -> None:
    provider.answers = dict.fromkeys(people(40), bare)
    run = send(*people(40))
    to_the_end(run, provider)
    by = seeding.acting(organizer)

    with pytest.raises(NothingToDo):
        brake.list_them(event_id, run.mailing_id, [people(1)[0], people(40)[39]], by)
    assert listed() == []
    assert brake.list_them(event_id, run.mailing_id, people(2), by) == 2
    assert brake.list_them(event_id, run.mailing_id, None, by) == 8
    assert (listed(), brake.suspects(run.job_id)) == (people(10), 0)
    with pytest.raises(NothingToDo):
        brake.list_them(event_id, run.mailing_id, None, by)
    entries = fresh().scalars(select(AuditEntry).where(AuditEntry.action == "mailing.refused_listed")).all()
    assert [(entry.actor, entry.detail["recipients"]) for entry in entries] == [(by.name, 2), (by.name, 8)]
    assert run.job.brake == "alike"  # how the run goes on is another question


def test_S6_a_run_that_stopped_itself_can_be_cancelled_and_lists_nobody(
    send: Callable[..., Any], provider: Recording, event_id: int, organizer: Person
) -> None:
    provider.answers = dict.fromkeys(people(40), certain)
    run = send(*people(40))
    to_the_end(run, provider)
    assert control.cancel(event_id, run.mailing_id, seeding.acting(organizer)) == 30
    brake.list_suspects()
    assert (run.counts, listed()) == ({"failed": 10, "cancelled": 30}, [])


@pytest.mark.parametrize(("taken", "wanted"), [(0, []), (1, people(1))])
def test_F5_a_cancelled_run_lists_only_beside_mails_that_were_taken(
    send: Callable[..., Any], provider: Recording, event_id: int, organizer: Person, taken: int, wanted: list[str]
) -> None:
    provider.answers = {**dict.fromkeys(people(40)[1 + taken :], Transient("later")), people(1)[0]: certain}
    run = send(*people(40))
    run.drain(provider)
    control.cancel(event_id, run.mailing_id, seeding.acting(organizer))
    brake.list_suspects()
    assert listed() == wanted


def test_F1_a_mailbox_that_is_full_for_the_third_time_waits_for_the_brake_too(
    send: Callable[..., Any], provider: Recording, rows: Callable[..., list[Any]]
) -> None:
    everybody = people(12)
    full = Permanent("Mailbox full", code="552 5.2.2")
    provider.answers = dict.fromkeys(everybody, full)
    first = send(*everybody)
    to_the_end(first, provider)
    assert (first.counts, first.job.brake) == ({"failed": 10, "queued": 2}, "alike")
    provider.answers = dict.fromkeys(everybody[:1], full)
    for _ in range(2):
        assert listed() == []
        to_the_end(send(), provider)
    assert listed() == everybody[:1]
    assert {event.kind for event in rows(EmailEvent)} == {"soft_bounce"}


def test_F5_refusals_that_are_no_answers_do_not_count(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    provider.answers = dict.fromkeys(people(25), Transient("Greylisted", code="451 4.7.1"))
    run = send(*people(25))
    run.drain(provider)
    assert (run.counts, run.job.answered, run.job.stopped) == ({"queued": 25}, 0, None)


def test_S12_a_refusal_of_one_stops_the_run_while_nobody_was_taken(
    send: Callable[..., Any], provider: Recording
) -> None:
    provider.answers = dict.fromkeys(people(30), Refused("Relay access denied", code="554 5.7.1", of_one=True))
    run = send(*people(30))
    to_the_end(run, provider)
    assert (run.counts, len(provider.mails)) == ({"queued": 30}, 1)
    assert run.job.stopped == "Relay access denied (554 5.7.1)"


def test_S12_after_a_mail_was_taken_it_is_about_that_one_who_fails_alone_and_unlisted(
    send: Callable[..., Any], provider: Recording
) -> None:
    provider.answers = {people(3)[1]: Refused("Relay access denied", code="554 5.7.1", of_one=True)}
    run = send(*people(3))
    to_the_end(run, provider)
    a, b, c = people(3)
    assert (run.states, run.job.stopped, listed()) == ({a: "sent", b: "failed", c: "sent"}, None, [])
    run.assert_balanced()


def test_S12_trying_again_begins_with_the_others_so_that_one_does_not_starve_them(
    send: Callable[..., Any], provider: Recording, event_id: int, organizer: Person
) -> None:
    provider.answers = {people(1)[0]: Refused("Relay access denied", code="554 5.7.1", of_one=True)}
    run = send(*people(30))
    to_the_end(run, provider)
    assert run.counts == {"queued": 30}
    control.retry(event_id, run.mailing_id, PLACE, seeding.acting(organizer))
    to_the_end(run, provider)
    assert (run.counts, run.states[people(1)[0]], run.job.state) == ({"failed": 1, "sent": 29}, "failed", "finished")


def test_S12_refused_credentials_stop_the_run_whatever_was_taken_before(
    send: Callable[..., Any], provider: Recording
) -> None:
    provider.answers = {people(3)[1]: Refused("Wrong password", code="535 5.7.8")}
    run = send(*people(3))
    to_the_end(run, provider)
    assert (run.counts, run.job.stopped) == ({"sent": 1, "queued": 2}, "Wrong password (535 5.7.8)")


def test_F5_a_complaint_ends_an_address_whatever_the_others_are_answered(
    send: Callable[..., Any], provider: Recording
) -> None:
    provider.answers = {people(1)[0]: Accepted("taken", complained=True)}
    run = send(*people(60))
    seen: list[list[str]] = []
    provider.before = lambda mail: seen.append(listed()) if mail.to == people(25)[24] else None
    to_the_end(run, provider)
    assert seen == [people(1)]


def test_F5_a_run_over_already_lists_nothing_twice(send: Callable[..., Any], provider: Recording) -> None:
    provider.answers = {people(1)[0]: certain}
    run = send(*people(3))
    to_the_end(run, provider)
    assert not finish(run.job_id, run.job.finished_at)
    brake.list_suspects()
    assert (listed(), brake.suspects(run.job_id)) == (people(1), 0)
