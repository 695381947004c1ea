"""What only SQLite understands stands in `db/`, in the tables and in their migrations; held by walking the syntax."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent.parent / "eventmail"
HOMES = {"db", "models", "migrations"}
OWN = {"folded", "number_in", "day_in", "link_fault", "erased_form"}  # taught to each connection
ONLY_SQLITE = OWN | {
    "changes", "char", "glob", "group_concat", "hex", "ifnull", "iif", "instr", "json", "julianday",
    "last_insert_rowid", "printf", "quote", "randomblob", "strftime", "total", "total_changes", "typeof", "unicode",
    "unixepoch",
}  # fmt: skip
UPSERT = {"on_conflict_do_nothing", "on_conflict_do_update"}
SPOKEN = re.compile(
    r"\b(PRAGMA|GLOB|sqlite_(master|schema|sequence|errorcode|where|autoincrement)|rowid|VACUUM|AUTOINCREMENT"
    r"|INSERT OR|OR (IGNORE|REPLACE)|BEGIN (IMMEDIATE|DEFERRED)|ON CONFLICT|json_\w+\(|strftime\(|group_concat\(|"
    + "|".join(rf"{name}\(" for name in sorted(OWN))
    + r")"
)


def elsewhere() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] not in HOMES]


def prose(tree: ast.Module) -> set[int]:
    """The docstrings, which may speak of anything."""
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, holders) and ast.get_docstring(node)]
    return {id(body[0].value) for body in bodies if isinstance(body[0], ast.Expr)}


def said_to_sqlite(tree: ast.Module) -> Iterator[str]:
    """Each expression of a module that another database would not understand."""
    told = prose(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy.dialects"):
            yield f"{node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.Attribute):
            of_func = isinstance(node.value, ast.Name) and node.value.id == "func"
            if (of_func and (node.attr in ONLY_SQLITE or node.attr.startswith("json_"))) or (
                node.attr in UPSERT or node.attr.startswith("SQLITE_")
            ):
                yield f"{node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.keyword) and (node.arg or "").startswith("sqlite_"):
            yield f"{node.value.lineno}: {node.arg}"
        elif isinstance(node, ast.Constant) and id(node) not in told and SPOKEN.search(str(node.value)):
            yield f"{node.lineno}: {node.value!r}"


def test_only_db_speaks_to_sqlite_in_its_own_words() -> None:
    said = {str(path.relative_to(PACKAGE)): list(said_to_sqlite(ast.parse(path.read_text()))) for path in elsewhere()}
    assert {path: words for path, words in said.items() if words} == {}


@pytest.mark.parametrize("line", [
    "from sqlalchemy.dialects.sqlite import insert",
    "func.json_each(Guest.attributes)",
    "func.folded(Guest.search_key)",
    "insert(Throttle).on_conflict_do_nothing()",
    'connection.execute("PRAGMA quick_check")',
    'value.bool_op("GLOB")(shape)',
    'text("SELECT sql FROM sqlite_master")',
    "sqlite3.SQLITE_BUSY",
    'Index("one", sqlite_where=there)',
    'f"SELECT json_extract({column}, ?)"',
])  # fmt: skip
def test_words_that_only_sqlite_knows_are_known_here(line: str) -> None:
    assert list(said_to_sqlite(ast.parse(line)))
