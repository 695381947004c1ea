"""The shape of the code, held by walking its syntax: who may import whom, how long a file is, what is explained."""

import ast
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "eventmail"
LONGEST = 300

# Downward only: a module may import what ranks below it, and its own unit.
RANKS = (
    {
        "settings",
        "clock",
        "ids",
        "signing",
        "states",
        "errors",
        "logs",
        "addresses",
        "value_parsing",
        "domain_names",
        "files",
        "erased",
        "link_targets",
        "exit_with_parent",
        "sender_setting",
        "wall_time",
    },
    {"content", "providers"},
    {"db"},
    {"models"},
    {"records", "migrations"},
    {"domain"},
    {"sending"},
    {"tasks", "outbox"},
    {"backup", "doctor", "run", "serving"},
    {"web", "cli", "probe"},
    {"__init__"},
)
RANK = {unit: rank for rank, units in enumerate(RANKS) for unit in units}

# The same inside the two largest: a package may import those above it, and itself.
ORDERS = {
    "domain": (
        {"terms", "edit_guard", "audit_log", "mail_services", "local_time"},
        {"suppressions"},
        {"people", "guests"},
        {"audience", "imports", "erasure"},
        {"events"},
        {"mailings"},
        {"designs"},
        {"instance"},
        {"outcomes"},
    ),
    "web": (
        {"words"},
        {"core"},
        {"composer"},
        {"tracker"},
        {
            "account", "audit", "events", "guests", "messaging", "outbox", "people", "public", "segments", "settings",
            "suppressions",
        },
        {"calendar", "mailings", "scheduling"},
        {"designs"},
        {"api"},
        {"areas"},
    ),
}  # fmt: skip
LEAVES = RANKS[0]
PURE = LEAVES | {"content", "providers"}

# What a unit must not meet although it would be below it, and libraries that have one home.
FORBIDDEN = {
    "db": {"content", "providers"},
    "models": {"content", "providers"},
    "records": {"content", "providers", "migrations"},
    "domain": {"providers", "migrations"},
    "sending": {"migrations"},
}
HOMES = {
    "flask": {"web", "tasks", "cli", "__init__"},
    "werkzeug": {"web"},
    "flask_wtf": {"web"},
    "flask_sqlalchemy": {"db"},
    "sqlalchemy": {
        "backup",
        "db",
        "models",
        "records",
        "migrations",
        "domain",
        "sending",
        "tasks",
        "outbox",
        "web",
        "cli",
        "doctor",
    },
    "alembic": {"migrations"},
    "huey": {"tasks"},
    "gunicorn": {"serving"},
    "h11": {"serving"},
    "honcho": {"cli", "run"},
    "argon2": {"domain"},
    "linkify_it": {"content"},
    "markdown_it": {"content"},
    "nh3": {"content"},
    "css_inline": {"content"},
    "icalendar": {"content"},
    "email_validator": {"addresses"},
    "pydantic": {"settings", "web"},
    "pydantic_settings": {"settings"},
}


@cache
def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def unit_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree(path)))


@cache
def imported(path: Path) -> list[str]:
    """The full names of what a module imports, wherever in it; for `from a import b` both a and a.b."""
    names: list[str] = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names += (node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names))
    return names


def units_imported(path: Path) -> set[str]:
    names = {name.split(".")[1] for name in imported(path) if name.startswith("eventmail.")}
    return {name for name in names if name in RANK}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def wrong(found: Callable[[Path], object], paths: Iterable[Path] | None = None) -> dict[str, object]:
    """What is found of the modules (all of them) that should not be there, by module."""
    by_module = {named(path): found(path) for path in (modules() if paths is None else paths)}
    return {name: what for name, what in by_module.items() if what}


def test_every_module_has_a_rank() -> None:
    assert {unit_of(path) for path in modules()} - set(RANK) == set()


def test_imports_go_downward_only() -> None:
    def upward(path: Path) -> set[str]:
        unit = unit_of(path)
        return {other for other in units_imported(path) - {unit} if RANK[other] >= RANK[unit] and other not in LEAVES}

    assert wrong(upward) == {}


def package_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[1].removesuffix(".py")


def test_every_package_of_the_two_largest_has_a_place_in_their_order() -> None:
    for unit, order in ORDERS.items():
        found = {package_of(path) for path in modules() if unit_of(path) == unit} - {"__init__"}
        assert found == set().union(*order)


def test_packages_of_one_unit_import_in_one_direction() -> None:
    def upward(path: Path) -> set[str]:
        unit, own = unit_of(path), package_of(path)
        order = ORDERS[unit]
        rank = {package: at for at, packages in enumerate(order) for package in packages}
        names = (name.split(".") for name in imported(path) if name.startswith(f"eventmail.{unit}."))
        others = {parts[2] for parts in names} & set(rank) - {own}
        return {other for other in others if rank[other] >= rank.get(own, len(order))}

    assert wrong(upward, [path for path in modules() if unit_of(path) in ORDERS]) == {}


def test_neighbours_that_must_not_meet_do_not() -> None:
    assert wrong(lambda path: units_imported(path) & FORBIDDEN.get(unit_of(path), set())) == {}


def test_a_library_is_used_in_its_home_only() -> None:
    def strange(path: Path) -> set[str]:
        libraries = {name.split(".")[0] for name in imported(path)}
        return {library for library in libraries & set(HOMES) if unit_of(path) not in HOMES[library]}

    assert wrong(strange) == {}


def test_leaves_import_each_other_in_one_direction() -> None:
    edges: dict[str, set[str]] = {unit: set() for unit in LEAVES}
    for path in modules():
        if unit_of(path) in LEAVES:
            edges[unit_of(path)] |= units_imported(path) & LEAVES - {unit_of(path)}
    while edges:
        free = {unit for unit, others in edges.items() if not others & set(edges)}
        assert free, f"a circle among {sorted(edges)}"
        edges = {unit: others for unit, others in edges.items() if unit not in free}


def test_what_is_pure_knows_no_tables() -> None:
    touching = {named(path) for path in modules() if unit_of(path) in PURE and "db" in units_imported(path)}
    assert touching == set()


def test_only_domain_and_sending_commands_begin_a_transaction() -> None:
    others = [path for path in modules() if unit_of(path) not in {"domain", "sending"}]
    assert wrong(lambda path: "eventmail.db.transaction" in set(imported(path)), others) == {}


WRITES_A_STATE = re.compile(r"\bSET\b[^;]*\bstate\s*=", re.IGNORECASE)


def states_written(path: Path) -> list[int]:
    """The lines of a module that write a state of a row that is there."""
    written = []
    for node in nodes(path):
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith(".values")
            and "insert(" not in ast.unparse(node)
        ):
            written += [node.lineno for keyword in node.keywords if keyword.arg == "state"]
        elif isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            written += [node.lineno for to in targets if isinstance(to, ast.Attribute) and to.attr == "state"]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and WRITES_A_STATE.search(node.value):
            written.append(node.lineno)
    return written


def test_only_db_writes_a_state() -> None:
    """A row is made with its first state; every other one goes through `db.move` and the table of legal moves."""
    assert wrong(states_written, [path for path in modules() if unit_of(path) not in {"db", "migrations"}]) == {}


def test_nobody_but_the_clock_asks_for_the_time_of_day() -> None:
    def asked(path: Path) -> list[int]:
        return [
            node.lineno
            for node in nodes(path)
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
            and isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date"}
        ]  # fmt: skip

    assert wrong(asked, [path for path in modules() if unit_of(path) != "clock"]) == {}


def test_a_file_has_one_subject_and_stays_short() -> None:
    lengths = {named(path): len(path.read_text().splitlines()) for path in modules() if "versions" not in path.parts}
    assert {name: length for name, length in lengths.items() if length >= LONGEST} == {}


def test_a_module_says_what_it_is_for() -> None:
    assert wrong(lambda path: tree(path).body and not ast.get_docstring(tree(path))) == {}


def test_every_public_function_is_explained() -> None:
    """A view's URL and template explain it, a revision's name; every other function speaks for itself."""

    def silent(path: Path) -> list[str]:
        return [
            node.name
            for node in tree(path).body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node)
            and not (unit_of(path) == "web" and node.decorator_list)
        ]  # fmt: skip

    assert wrong(silent, [path for path in modules() if "versions" not in path.parts]) == {}


def test_E1_whether_a_mailing_is_a_test_is_asked_in_one_place() -> None:
    named = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "MailingKind.TEST"
    }
    assert named == {"models/mailing.py", "domain/mailings/test_sends.py"}  # the flag, and where a test is made
    templates = (PACKAGE / "templates").rglob("*.html")
    assert [path.name for path in templates if re.search(r"\.kind [!=]= \"test\"", path.read_text())] == []
