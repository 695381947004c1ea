"""One table says how each state is shown: nothing is missing there, and nowhere else stands a second one."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import eventmail
from eventmail.domain.outcomes.outcome_of import NoRecipient
from eventmail.models.mailing import COUNTERS
from eventmail.states import (
    NOT_OVER,
    AccountMailState,
    Delivery,
    GuestStatus,
    MailingState,
    RecipientState,
)
from eventmail.web.tracker.schemas import Counts
from eventmail.web.words import state

PACKAGE = Path(eventmail.__file__).parent
CSS = (PACKAGE / "static/css/app.css").read_text()
ICONS = set(re.findall(r'id="([a-z0-9-]+)"', (PACKAGE / "static/icons.svg").read_text()))
# A run is never shown by its state: its message is.
SHOWN: tuple[type[StrEnum], ...] = (
    MailingState, RecipientState, AccountMailState, Delivery, GuestStatus, NoRecipient,
)  # fmt: skip
NAMES = {str(member) for machine in SHOWN for member in machine} | {state.TROUBLED}
MACHINES = {"JobState", *(machine.__name__ for machine in SHOWN)}

EXCEPTIONS = {
    "providers/webhook.py": "words of mail services",
    "web/composer/fragments.py": "reasons, two of which are called like a state",
    "web/guests/erasure.py": "members of an answer, two of which are called like a state",
    "web/mailings/control.py": "an Undo that came too late tells of some states in an order of its own",
}


@pytest.mark.parametrize("machine", SHOWN, ids=lambda machine: machine.__name__)
def test_every_state_has_a_word_and_an_icon(machine: type[StrEnum]) -> None:
    for member in machine:
        row = state.STATES[member]
        assert row.word, member
        assert row.icon in ICONS, member


def test_every_row_is_of_a_state_that_there_is() -> None:
    assert set(state.STATES) == NAMES


def test_every_state_of_a_recipient_has_all_that_is_told_of_recipients() -> None:
    rows = [state.STATES[member] for member in RecipientState]
    assert sorted(row.bar for row in rows) == list(range(1, len(rows) + 1))
    assert [row.word for row in rows if not row.story] == []
    assert sorted(state.BAR) == sorted(Counts.__annotations__) == sorted(COUNTERS) == sorted(RecipientState)


def test_what_else_a_state_needs_is_in_its_row() -> None:
    assert [member for member in Delivery if not state.STATES[member].story] == []
    assert [member for member in AccountMailState if not state.STATES[member].account_mail] == []
    assert [member for member in NOT_OVER if not state.STATES[member].uses] == []


def test_the_style_sheet_has_colours_for_each_tone_and_none_for_a_state() -> None:
    in_bars = {state.STATES[member].tone for member in RecipientState} - {""}
    assert {tone for tone in in_bars if f".bar .{tone}, .key.{tone} {{" not in CSS} == set()
    others = {row.tone for key, row in state.STATES.items() if key not in set(RecipientState)} - {""}
    assert {tone for tone in others if f".badge.{tone} {{" not in CSS} == set()
    assert {name for name in NAMES if re.search(rf"[.\"'-]{name}\b(?=[^{{}}]*\{{)|--fill-{name}\b", CSS)} == set()


def of_state(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Attribute):
        return ast.unparse(node.value) in MACHINES
    return isinstance(node, ast.Constant) and node.value in NAMES


@pytest.mark.parametrize(
    "path",
    [
        path for path in sorted(PACKAGE.rglob("*.py"))
        if str(path.relative_to(PACKAGE)) not in {"states.py", "web/words/state.py", *EXCEPTIONS}
        and "migrations" not in path.parts
    ],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)  # fmt: skip
def test_no_module_has_a_second_table_of_states(path: Path) -> None:
    tables = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Dict) and sum(map(of_state, node.keys)) > 1
    ]
    assert tables == []


def in_templates(source: str) -> Iterator[str]:
    """Where a template tells states apart by itself: it lists some, or compares one thing with several of them."""
    compared = defaultdict(set)
    for node in (
        Environment(autoescape=True).parse(source).find_all((nodes.Dict, nodes.Tuple, nodes.List, nodes.Compare))
    ):
        if isinstance(node, nodes.Compare):
            right = node.ops[0].expr
            if isinstance(right, nodes.Const) and right.value in NAMES:
                compared[repr(node.expr)].add(right.value)
            continue
        items = [item.key if isinstance(item, nodes.Pair) else item for item in getattr(node, "items", ())]
        listed = [item.value for item in items if isinstance(item, nodes.Const) and item.value in NAMES]
        if len(listed) > 1:
            yield f"{node.lineno}: {listed}"
    yield from (f"{what}: {sorted(names)}" for what, names in compared.items() if len(names) > 1)


@pytest.mark.parametrize(
    "path",
    sorted((PACKAGE / "templates").rglob("*.html")),
    ids=lambda path: str(path.relative_to(PACKAGE / "templates")),
)
def test_no_template_has_a_table_of_states(path: Path) -> None:
    assert list(in_templates(path.read_text())) == []
