"""The composer belongs to no page: it reads no request, and its fragments name no page's addresses or attributes."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent.parent / "eventmail"
MODULES = sorted((ROOT / "web/composer").glob("*.py"))
FRAGMENTS = sorted((ROOT / "templates/composer").glob("*.html"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_of_the_composer_reads_the_request(path: Path) -> None:
    names = [
        alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    assert not {"request", "flask", "intake"} & set(names)


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_no_fragment_of_the_composer_names_a_page(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"""url_for\(["'](?:messaging|drafts|preview|test_sends)\.\w+""", text) == []
    assert re.findall(r"(?:guest|scheduled)-messag\w*|calendar-email", text) == []
    assert re.findall(r"\brequest\b", text) == []
