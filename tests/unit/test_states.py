"""The state machines: which moves are legal, and that nothing leaves a state where a story ends."""

import ast
from enum import StrEnum
from itertools import product
from pathlib import Path

import pytest

from eventmail import states
from eventmail.states import MOVES, AccountMailState, JobState, MailingState, RecipientState

LEGAL = {
    MailingState: {
        ("draft", "sending"), ("draft", "scheduled"),
        ("scheduled", "sending"), ("scheduled", "cancelled"), ("scheduled", "failed"), ("scheduled", "missed"),
        ("missed", "sending"), ("missed", "cancelled"), ("missed", "failed"), ("failed", "cancelled"),
        ("sending", "finished"), ("sending", "cancelled"), ("finished", "sending"),
    },
    JobState: {("running", "finished"), ("running", "cancelled")},
    RecipientState: {
        ("queued", "sending"), ("queued", "suppressed"), ("queued", "cancelled"), ("queued", "unknown"),
        ("sending", "sent"), ("sending", "failed"), ("sending", "unknown"), ("sending", "queued"),
        ("failed", "queued"), ("unknown", "sent"), ("unknown", "queued"),
    },
    AccountMailState: {
        ("queued", "sending"), ("queued", "failed"), ("queued", "unknown"),
        ("sending", "sent"), ("sending", "failed"), ("sending", "unknown"), ("sending", "queued"),
        ("unknown", "sent"), ("unknown", "failed"),
    },
}  # fmt: skip


@pytest.mark.parametrize("machine", MOVES, ids=lambda machine: machine.__name__)
def test_exactly_these_moves_are_legal(machine: type[StrEnum]) -> None:
    legal = {(a.value, b.value) for a, b in product(machine, machine) if states.legal(a, b)}
    assert legal == LEGAL[machine]


def test_S5_doubt_never_goes_straight_to_the_mail_service_again() -> None:
    assert not states.legal(RecipientState.UNKNOWN, RecipientState.SENDING)


@pytest.mark.parametrize("end", [RecipientState.SENT, RecipientState.SUPPRESSED, RecipientState.CANCELLED])
def test_S2_a_recipient_never_leaves_an_end(end: RecipientState) -> None:
    assert [to for to in RecipientState if states.legal(end, to)] == []


def test_A2_the_reasons_stand_in_the_order_in_which_they_apply() -> None:
    assert [str(reason) for reason in states.Reason] == [
        "no_address", "bounced", "unsubscribed", "suppressed", "duplicate_address", "reserved_address",
    ]  # fmt: skip


def test_S9_every_state_of_a_recipient_is_open_or_takes_its_place_in_the_quota_or_gives_it_back() -> None:
    assert sorted(states.OPEN + states.MAY_HAVE_GOT + states.NOT_GOT) == sorted(RecipientState)


PACKAGE = Path(states.__file__).parent
MACHINES = {machine.__name__ for machine in MOVES} | {"Delivery"}


def test_a_set_of_states_has_one_home() -> None:
    """A module that writes one out would miss a state that is new."""
    written = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path == Path(states.__file__) or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Tuple | ast.List | ast.Set):
                told = [
                    each
                    for each in node.elts
                    if isinstance(each, ast.Attribute) and ast.unparse(each.value) in MACHINES
                ]
                written += [f"{path.relative_to(PACKAGE)}:{node.lineno}"] if 1 < len(told) == len(node.elts) else []
    assert written == []
