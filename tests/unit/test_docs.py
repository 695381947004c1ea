"""The pages for readers name only what there is: files, modules and their members, columns, tests."""

import re
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import pytest

from eventmail.db import db

ROOT = Path(__file__).parent.parent.parent
DOCS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
DOCS.remove(ROOT / "CHANGELOG.md")  # tells of what was
FOLDERS = (ROOT, ROOT / "eventmail", ROOT / "tests")
TESTS = {path.name: path for path in (ROOT / "tests").rglob("test_*.py")}
OTHERS = {"g.event", "g.composer", "job.asks", "data.code"}  # of a request; members of JSON
FILES = (".sqlite", ".key", ".count", ".env", ".journal")  # of the instance and the box

EACH = pytest.mark.parametrize("doc", DOCS, ids=lambda doc: doc.name)


def in_code(doc: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", doc.read_text())


def is_there(dotted: str) -> bool:
    table, _, column = dotted.partition(".")
    if table in db.metadata.tables and column in db.metadata.tables[table].columns:
        return True
    try:
        return resolve_name(f"eventmail.{dotted}") is not None
    except (ImportError, AttributeError):
        return False


@EACH
def test_a_link_leads_to_a_file(doc: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", doc.read_text())
    assert [link for link in links if not (doc.parent / link).exists()] == []


@EACH
def test_a_path_is_that_of_a_file_or_folder(doc: Path) -> None:
    paths = [name for name in in_code(doc) if re.fullmatch(r"[\w/]*\w(\.py|\.md|/)", name)]
    known = [name for name in paths if name in TESTS or any((folder / name).exists() for folder in FOLDERS)]
    assert set(paths) - set(known) - {"instance/", "outbox/", "imports/"} == set()


@EACH
def test_a_dotted_name_is_that_of_a_module_a_member_or_a_column(doc: Path) -> None:
    names = {name.removesuffix("()") for name in in_code(doc) if re.fullmatch(r"[a-z_]+(\.\w+)+(\(\))?", name)}
    dotted = {name for name in names - OTHERS if not name.endswith((".py", ".md", *FILES))}
    assert {name for name in dotted if not is_there(name)} == set()


@EACH
def test_a_test_that_is_named_exists(doc: Path) -> None:
    named = re.findall(r"`(test_\w+)…?`\]\(([^)]+)\)", doc.read_text())
    assert [name for name, where in named if f"def {name}" not in (doc.parent / where).read_text()] == []


@EACH
def test_a_logger_that_is_named_is_a_module(doc: Path) -> None:
    for name in re.findall(r'"logger": "([\w.]+)"', doc.read_text()):
        assert import_module(name)
