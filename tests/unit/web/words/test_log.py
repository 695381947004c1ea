"""Every command that changes something writes to the log, and every entry has its words; by walking the code."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from eventmail.web.words import log

PACKAGE = Path(__file__).parents[4] / "eventmail"

# commands that change nothing anybody would ask about
UNLOGGED = {
    "domain.mailings.send.once": "sends or schedules, and both are in the log",
    "domain.mailings.contents.preview": "keeps a text that somebody only looks at, for a day",
    "domain.designs.presence.others": "notes who has a design open, for a minute",
    "domain.people.sign_in_links.issue_first": "nobody is there yet; whoever opens it is in the log",
    "domain.audience.snapshots.freeze": "keeps whom somebody reviewed; the send is in the log",
    "domain.people.sessions.sign_out": "ends the session that it came with, whose beginning is in the log",
}


@cache
def modules() -> dict[str, ast.Module]:
    """The parsed modules that may write to the log, by their name below the package."""
    paths = [path for part in ("records", "domain", "sending") for path in sorted((PACKAGE / part).rglob("*.py"))]
    return {".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_text()) for path in paths}


@cache
def functions() -> dict[str, ast.FunctionDef]:
    return {
        f"{module}.{node.name}": node
        for module, parsed in modules().items()
        for node in parsed.body
        if isinstance(node, ast.FunctionDef)
    }


@cache
def imported(module: str) -> dict[str, str]:
    """What a module calls by another name: local name to “module” or “module.function”."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}".removeprefix("eventmail.")
        for node in ast.walk(modules()[module])
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@cache
def called(name: str) -> frozenset[str]:
    """What a function calls, as “module.function”."""
    module = name.rpartition(".")[0]
    names = imported(module)
    found = set()
    for node in ast.walk(functions()[name]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.add(names.get(node.func.id, f"{module}.{node.func.id}"))
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            found.add(f"{names.get(node.func.value.id, node.func.value.id)}.{node.func.attr}")
    return frozenset(found)


def reaches(name: str, goal: str, seen: set[str]) -> bool:
    if goal in called(name):
        return True
    seen.add(name)
    return any(reaches(other, goal, seen) for other in called(name) if other in functions() and other not in seen)


def commands() -> list[str]:
    """The public functions of the domain that somebody acts by and that begin a transaction."""
    return [
        name
        for name, node in functions().items()
        if name.startswith("domain.") and not node.name.startswith("_")
        and "by" in {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
        and reaches(name, "db.transaction", set())
    ]  # fmt: skip


def test_a_command_writes_to_the_log() -> None:
    assert {name for name in commands() if not reaches(name, "records.audit", set())} == set(UNLOGGED)


def test_commands_are_found_at_all() -> None:
    assert {
        "domain.events.edit.create", "domain.events.edit.edit", "domain.mailings.control.cancel",
        "domain.mailings.send.send", "domain.events.lifecycle.archive",
    } <= set(commands())  # fmt: skip


def actions() -> Iterator[str]:
    """The action of every entry that is written, f-strings as patterns."""
    for module, parsed in modules().items():
        constants = {
            target.id: node.value.value
            for node in parsed.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(parsed):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "records.audit":
                for choice in _choices(node.args[2]):
                    yield _pattern(choice, constants, f"{module}:{node.lineno}")


def _choices(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.IfExp):
        yield from _choices(node.body)
        yield from _choices(node.orelse)
    else:
        yield node


def _pattern(node: ast.expr, constants: Mapping[str, object], place: str) -> str:
    if isinstance(node, ast.Name) and node.id in constants:
        return re.escape(str(constants[node.id]))
    if isinstance(node, ast.JoinedStr):
        return "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+" for part in node.values)
    assert isinstance(node, ast.Constant), (
        f"{place}: the action of an entry must be readable here, not {ast.unparse(node)}"
    )
    return re.escape(str(node.value))


def test_every_kind_of_entry_has_its_words_and_no_words_are_left_over() -> None:
    patterns = set(actions())
    wordless = {pattern for pattern in patterns if not any(re.fullmatch(pattern, action) for action in log.WORDS)}
    idle = {action for action in log.WORDS if not any(re.fullmatch(pattern, action) for pattern in patterns)}
    assert (wordless, idle) == (set(), set())


def test_an_unknown_action_is_shown_as_it_is_written() -> None:
    assert log.sentence("guest.pulled_apart") == "guest: pulled apart"


@pytest.mark.parametrize(
    ("detail", "changes"),
    [
        ({"before": {"a": 1, "b": 2}, "after": {"a": 1, "b": 3}}, [("b", "2", "3")]),
        ({"after": {"first_name": "Ada", "tags": ["x", "y"]}}, [("first name", "", "Ada"), ("tags", "", "x, y")]),
        ({"before": {"email": None, "all_day": True}}, [("all day", "yes", "")]),
        ({"before": {"starts_wall": "1"}, "after": {"starts_wall": None}}, [("starts", "1", "")]),
        (
            {"before": None, "after": {"ends_wall": "2027-01-28T23:00:00", "url": "https://example.com/"}},
            [("ends", "", "2027-01-28 23:00"), ("web page", "", "https://example.com/")],
        ),
        ({"recipients": 3, "excluded": {"no_address": 1}}, [
            ("recipients", "", "3"), ("excluded", "", "no address: 1"),
        ]),
        ({"before": "organizer", "after": "owner"}, [("it", "organizer", "owner")]),
        ({"kind": "add_tag", "value": "add_tag", "picked": 3}, [
            ("change", "", "tag added"), ("value", "", "add_tag"), ("picked", "", "3"),
        ]),
        ({"before": {"reason": "manual", "scope": "all", "source": "Oscar"}, "why": "manual"}, [
            ("reason", "a colleague put it there", ""), ("for", "the whole installation", ""),
            ("source", "Oscar", ""), ("why", "", "manual"),
        ]),
        ({"reason": "The server said no", "excluded": {"suppressed": 2}}, [
            ("reason", "", "The server said no"), ("excluded", "", "on the do-not-mail list: 2"),
        ]),
        ({"source": "event:7", "title": "Ball"}, [("title", "", "Ball")]),
        ({}, []),
    ],
)  # fmt: skip
def test_a_change_is_told_by_what_differs(detail: dict[str, object], changes: list[tuple[str, str, str]]) -> None:
    assert [*log.changes(detail)] == changes
