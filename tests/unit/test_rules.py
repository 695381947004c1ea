"""The page of rules and the ids that code and test names give: neither says more than the other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ID = r"[ACDEFHKST][1-9]\d?[a-z]?"


def listed() -> list[str]:
    return re.findall(rf"^- \*\*({ID})\*\* .+\.$", (ROOT / "docs" / "rules.md").read_text(), re.MULTILINE)


def used() -> Iterator[str]:
    """Whatever the package says in words; of the tests their names, since their data holds much that looks alike."""
    for path in (ROOT / "eventmail").rglob("*"):
        if path.suffix in {".py", ".html"}:
            yield from re.findall(rf"\b{ID}\b", path.read_text())
    yield from proved()


def proved() -> Iterator[str]:
    """The ids in the names of all tests."""
    for path in (ROOT / "tests").rglob("*.py"):
        for name in re.findall(r"def (test_\w+)", path.read_text()):
            yield from re.findall(rf"(?<=_){ID}(?=_)", name)


def test_the_page_of_rules_holds_each_id_that_is_used_and_no_other() -> None:
    assert set(listed()) == set(used())


def test_a_rule_stands_there_once_in_one_line() -> None:
    lines = [line for line in (ROOT / "docs" / "rules.md").read_text().splitlines() if line.startswith("- ")]
    assert len(lines) == len(listed()) == len(set(listed()))


def told_in_make_test() -> Iterator[str]:
    """The ids in the names of the tests that run without `make soak` and `make judges`."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        body = ast.parse(path.read_text()).body
        marked = [ast.unparse(each) for each in body if isinstance(each, ast.Assign)]
        if any(line.startswith("pytestmark") and re.search(r"mark\.(soak|judge)", line) for line in marked):
            continue
        for each in body:
            if isinstance(each, ast.FunctionDef) and "pytest.mark.soak" not in map(ast.unparse, each.decorator_list):
                yield from re.findall(rf"(?<=_){ID}(?=_)", each.name)


def test_each_rule_that_a_test_proves_is_proved_in_make_test() -> None:
    assert set(proved()) - set(told_in_make_test()) == set()
