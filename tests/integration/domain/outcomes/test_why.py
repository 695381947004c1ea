"""Why did somebody not get it? Real messages, sent by the real worker."""

from collections.abc import Callable
from typing import Any

import pytest

from eventmail.domain.guests import bulk_change, edit
from eventmail.domain.guests.bulk_change import Everybody
from eventmail.domain.guests.filters import Filter
from eventmail.domain.mailings import control
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.outcomes import why
from eventmail.domain.outcomes.outcome_of import Story
from eventmail.domain.outcomes.why import Answer
from eventmail.domain.terms import SendingTerms
from eventmail.errors import NotFound
from eventmail.models import Job
from eventmail.providers.base import Permanent, Unclear
from eventmail.sending import drain
from eventmail.settings import Settings
from eventmail.states import ChangeKind
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import suppress
from tests.support.time import FrozenClock

ANA, BEN, CEM, DAN = (f"{name}@guests.example.net" for name in ("ana", "ben", "cem", "dan"))


@pytest.fixture
def send(event_id: int, settings: Settings) -> Callable[..., int]:
    """send("confirmed", …): a message that nobody has worked on: its id."""
    terms = SendingTerms("https://mail.example.org", settings.secret, outside=False)

    def make(*statuses: str, subject: str = "Hello", event: int = event_id) -> int:
        message = Message(Text(subject, "", "Hi"), {"statuses": list(statuses)})
        return mailing_send.send(event, message, key=f"{event}-{subject}", terms=terms, by=seeding.acting()).mailing_id

    return make


@pytest.fixture
def work(settings: Settings, rows: Callable[..., list[Any]]) -> Callable[..., None]:
    """work(provider): the worker, until every run is over."""

    def turn(provider: Recording | None = None) -> None:
        for job in rows(Job, Job.state == "running"):
            drain.drain(job.id, provider or Recording(), settings)

    return turn


def outcomes(answer: Answer) -> list[tuple[str, str]]:
    return [(story.subject, story.outcome.value) for story in answer.stories.items]


def only(answer: Answer) -> Story:
    assert len(answer.stories.items) == 1
    story: Story = answer.stories.items[0]
    return story


def test_F4_each_message_says_what_became_of_it_newest_first(
    event_id: int, five: dict[str, int], send: Any, work: Any
) -> None:
    send("confirmed", "invited", subject="one")
    work(Recording({BEN: Permanent("mailbox unknown"), DAN: Unclear("the line broke")}))
    two = send("invited", subject="two")
    control.cancel(event_id, two, seeding.acting())
    send("invited", subject="three")
    told = {name: outcomes(why.why(event_id, address)) for name, address in (("ana", ANA), ("ben", BEN), ("dan", DAN))}
    assert told == {
        "ana": [("three", "not_asked"), ("two", "not_asked"), ("one", "sent")],
        "ben": [("three", "queued"), ("two", "cancelled"), ("one", "failed")],
        "dan": [("three", "queued"), ("two", "cancelled"), ("one", "unknown")],
    }
    ben = why.why(event_id, BEN).stories.items[2]
    assert (ben.error, ben.attempts, len(ben.request_ids), ben.email) == ("mailbox unknown", 1, 1, BEN)
    assert why.why(event_id, BEN).stories.items[1].error == "Cancelled by cli"


@pytest.mark.parametrize("asked", ["Ana@Guests.Example.NET", "  ANA@guests.example.net ", "ana ruiz", "RUIZ", "ana@gu"])
def test_F4_an_address_in_any_spelling_a_name_or_a_part_finds_the_guest(
    event_id: int, five: dict[str, int], send: Any, work: Any, asked: str
) -> None:
    send("confirmed")
    work()
    answer = why.why(event_id, asked)
    assert (answer.address, [person.name for person in answer.people], outcomes(answer)) == (
        ANA, ["Ana Ruiz"], [("Hello", "sent")],
    )  # fmt: skip


def test_F4_a_name_that_several_have_asks_whom_one_means(event_id: int, five: dict[str, int]) -> None:
    answer = why.why(event_id, "guests.example")
    assert [guest.first_name for guest in answer.candidates] == ["Dan", "Ben", "Ana", "Cem"]
    assert (answer.people, answer.unknown, why.why(event_id, "", five["Dan"]).people[0].name) == (
        (), False, "Dan Adams",
    )  # fmt: skip


@pytest.mark.parametrize("asked", ["stranger@x.test", "nobody of that name", "@@", "x" * 5000])
def test_F4_an_unknown_address_or_name_says_so(event_id: int, five: dict[str, int], send: Any, asked: str) -> None:
    send("confirmed")
    answer = why.why(event_id, asked)
    assert (answer.unknown, answer.people, answer.stories.items) == (True, (), [])


def test_F4_a_guest_without_an_address_won_t_get_it(event_id: int, five: dict[str, int], send: Any) -> None:
    send("invited")
    story = only(why.why(event_id, "Eva"))
    assert (story.outcome, story.reason) == ("left_out", "no_address")


def test_F4_the_do_not_mail_list_and_since_when(event_id: int, five: dict[str, int], send: Any) -> None:
    suppress(BEN, "all", "hard_bounce")
    suppress(BEN, str(event_id), "unsubscribed")
    suppress(BEN, str(event_id + 1), "unsubscribed")
    send("confirmed", "invited")
    answer = why.why(event_id, BEN)
    assert [(entry.reason, entry.scope) for entry in answer.on_list] == [
        ("hard_bounce", "all"), ("unsubscribed", str(event_id)),
    ]  # fmt: skip
    assert (only(answer).outcome, only(answer).reason) == ("left_out", "bounced")


def test_A6_who_came_onto_the_list_in_between_reads_that(
    event_id: int, five: dict[str, int], send: Any, work: Any
) -> None:
    send("confirmed")
    suppress(ANA)
    work()
    assert only(why.why(event_id, ANA)).outcome == "suppressed"


def test_A7_one_of_a_couple_learns_who_was_greeted(event_id: int, five: dict[str, int], send: Any, work: Any) -> None:
    tom = edit.add(
        event_id, {"first_name": "Tom", "email": "ANA@guests.example.net", "status": "confirmed"}, seeding.acting()
    )
    send("confirmed")
    work()
    answer = why.why(event_id, "Tom")
    assert [person.name for person in answer.people] == ["Ana Ruiz", "Tom"]
    assert only(answer).outcome == "sent"
    edit.edit(event_id, tom, {"email": "tom@x.test"}, seeding.acting())
    story = only(why.why(event_id, "tom@x.test"))
    assert (story.outcome, story.reason, story.other) == ("left_out", "duplicate_address", "Ana Ruiz")


def test_F4_a_guest_who_was_removed_is_still_explained(
    event_id: int, five: dict[str, int], send: Any, work: Any
) -> None:
    suppress(CEM)
    send("confirmed", "declined", "invited")
    for name in ("Ana", "Cem"):
        edit.delete(event_id, five[name], seeding.acting())
    work()
    ana, cem = why.why(event_id, ANA), why.why(event_id, CEM)
    assert [(gone.name, gone.actor) for gone in (*ana.removed, *cem.removed)] == [
        ("Ana Ruiz", "cli"),
        ("Cem Young", "cli"),
    ]
    assert (only(ana).outcome, only(ana).error) == ("cancelled", "guest deleted")
    assert (only(cem).outcome, only(cem).reason) == ("left_out", "suppressed")


def test_F4_what_the_guest_was_when_the_message_left(
    event_id: int, five: dict[str, int], send: Any, clock: FrozenClock
) -> None:
    send("confirmed")
    by = seeding.acting
    before = clock.advance(minutes=1)
    clock.advance(minutes=1)
    edit.edit(event_id, five["Ben"], {"status": "declined"}, by())
    clock.advance(minutes=1)
    change = bulk_change.change(event_id, Everybody(Filter.DECLINED, "", 2), ChangeKind.STATUS, "confirmed", by())
    meanwhile = clock.now()
    clock.advance(minutes=1)
    bulk_change.undo(event_id, change, by())
    clock.advance(minutes=1)
    edit.edit(event_id, five["Ben"], {"first_name": "Benjamin"}, by())
    late = edit.add(event_id, {"first_name": "Zoe", "email": "zoe@x.test"}, by())
    ben, zoe = why.why(event_id, BEN).people[0], why.why(event_id, "", late).people[0]
    assert ([ben.status_at(at) for at in (before, meanwhile, clock.now())], ben.status) == (
        ["invited", "confirmed", "declined"], "declined",
    )  # fmt: skip
    assert (zoe.status_at(before), zoe.status_at(clock.now())) == (None, "invited")


def test_F4_nothing_of_another_event_is_told(
    event_id: int, five: dict[str, int], send: Any, add_event: Callable[..., int], work: Any
) -> None:
    other = add_event()
    seeding.add_guest(other, ANA, first_name="Else", last_name="Where")
    send("confirmed", subject="theirs", event=other)
    work()
    assert outcomes(why.why(event_id, ANA)) == []
    assert [person.name for person in why.why(event_id, ANA).people] == ["Ana Ruiz"]
    edit.delete(event_id, five["Ana"], seeding.acting())
    suppress(DAN, str(other), "unsubscribed")
    assert why.why(event_id, "Else").unknown
    assert why.why(event_id, DAN).on_list == ()
    with pytest.raises(NotFound):
        why.why(other, "", five["Ben"])


def test_F4_costs_the_same_queries_for_1_and_3_messages_and_is_paged(
    event_id: int, five: dict[str, int], send: Any, work: Any, count_queries: Any
) -> None:
    costs = []
    for subjects in (("a",), ("b", "c")):
        for subject in subjects:
            send("confirmed", subject=subject)
        work()
        with count_queries() as queries:
            why.why(event_id, ANA)
        costs.append(len(queries))
    assert costs[0] == costs[1]
    page = why.why(event_id, ANA, page=2, size=2).stories
    assert ([story.subject for story in page.items], page.number, page.pages, page.total) == (["a"], 2, 2, 3)
