"""One place knows which mail services there are, and one which of them is practice mode."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventmail import settings as settings_
from eventmail.providers import registry
from eventmail.settings import Settings, SettingsError
from eventmail.states import OUTBOX, is_practice

PACKAGE = Path(settings_.__file__).parent
KNOW = {"states.py", "records/practice_mode.py"}  # of a name, and of a column


def test_practice_mode_is_the_outbox_and_nothing_leaves_the_box(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path)
    service = registry.opened(settings)
    assert (settings.practice, service.name, service.outside, service.honours_keys) == (True, OUTBOX, False, False)


def test_with_a_mail_server_it_is_no_practice(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path, provider="smtp", smtp_url="smtp://mail.example.org")  # type: ignore[arg-type]
    service = registry.opened(settings)
    assert (settings.practice, service.name, service.outside) == (False, "smtp", True)
    service.close()


def test_a_mail_server_without_its_url_is_refused_by_the_name_of_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the environment: EVENTMAIL_SMTP_URL"):
        registry.opened(Settings(instance=tmp_path, provider="smtp"))


@pytest.mark.parametrize(("provider", "practice"), [("outbox", True), ("smtp", False), (None, False)])
def test_S13_what_nobody_noted_a_service_of_was_no_practice(provider: str | None, practice: bool) -> None:
    assert is_practice(provider) is practice


def means_the_outbox(node: ast.AST) -> bool:
    match node:
        case ast.Name(id="OUTBOX") | ast.Attribute(attr="OUTBOX") | ast.Constant(value="outbox"):
            return True
        case ast.Attribute(value=ast.Name(id="Outbox"), attr="name"):
            return True
        case ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.List(elts=parts):
            return any(means_the_outbox(part) for part in parts)
    return False


def compared(path: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Compare(left=left, comparators=others) if any(map(means_the_outbox, (left, *others))):
                yield node.lineno
            case ast.Call(func=ast.Attribute(attr="is_distinct_from" | "is_not_distinct_from" | "in_"), args=given):
                if any(map(means_the_outbox, given)):
                    yield node.lineno


def test_S13_nobody_else_compares_a_service_with_the_outbox() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if "migrations" not in path.parts and str(path.relative_to(PACKAGE)) not in KNOW
        for line in compared(path)
    ]
    assert found == []


def test_S13_no_template_compares_a_service_with_the_outbox() -> None:
    written = re.compile(r"""[=!]= *["']outbox["']|["']outbox["'] *[=!]=""")
    found = [path.name for path in sorted(PACKAGE.rglob("*.html")) if written.search(path.read_text())]
    assert found == []
