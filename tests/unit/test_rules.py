"""The page of rules and the ids that code and test names give: neither says more than the other."""

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
    for path in (ROOT / "tests").rglob("*.py"):
        for name in re.findall(r"def (test_\w+)", path.read_text()):
            yield from re.findall(rf"(?<=_){ID}(?=_)", name)


def test_the_page_of_rules_holds_each_id_that_is_used_and_no_other() -> None:
    assert set(listed()) == set(used())


def test_a_rule_stands_there_once_in_one_line() -> None:
    lines = [line for line in (ROOT / "docs" / "rules.md").read_text().splitlines() if line.startswith("- ")]
    assert len(lines) == len(listed()) == len(set(listed()))
