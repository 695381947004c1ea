"""What the migrations build is what the models say, once, however many processes start at once."""

import multiprocessing
import re
import sqlite3
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from eventmail import migrations
from eventmail.db import Base


def schema(database: Path) -> dict[str, str]:
    """Every table and index by name, however its SQL is laid out."""
    with sqlite3.connect(database) as connection:
        found = connection.execute(
            "SELECT type || ' ' || name, sql FROM sqlite_master WHERE name != 'alembic_version' AND sql IS NOT NULL"
        )
        return {name: normalised(sql) for name, sql in found if "sqlite_" not in name}


def normalised(sql: str) -> str:
    """One line, one kind of quote, a table's columns and constraints in alphabetical order."""
    flat = re.sub(r"\s+", " ", sql.replace('"', "").replace("`", "")).strip()
    if not flat.startswith("CREATE TABLE"):
        return flat
    head, _, body = flat.partition("(")
    parts, depth, part = [], 0, ""
    for sign in body.rstrip()[:-1]:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += sign
    return f"{head.strip()} ({', '.join(sorted([*parts, part.strip()]))})"


def test_the_migrations_build_what_the_models_say(template_database: Path, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'models.sqlite'}")
    Base.metadata.create_all(engine)
    engine.dispose()
    assert schema(template_database) == schema(tmp_path / "models.sqlite")


def test_the_head_that_the_names_of_the_files_tell_is_the_one_that_alembic_finds() -> None:
    assert migrations.head() == ScriptDirectory(str(migrations.HERE)).get_current_head()


def test_an_upgrade_of_what_is_current_changes_nothing(template_database: Path, tmp_path: Path) -> None:
    database = tmp_path / "app.sqlite"
    database.write_bytes(template_database.read_bytes())
    engine = create_engine(f"sqlite:///{database}")
    migrations.upgrade(engine, tmp_path / "migration.lock")
    engine.dispose()
    assert schema(database) == schema(template_database)


def test_the_first_migration_can_be_taken_back(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'app.sqlite'}")
    migrations.upgrade(engine, tmp_path / "migration.lock")
    with engine.connect() as connection:
        command.downgrade(migrations.config(connection), "base")
        connection.commit()
    engine.dispose()
    assert schema(tmp_path / "app.sqlite") == {}


def _start(database: Path, together: Barrier) -> None:
    engine = create_engine(f"sqlite:///{database}")
    together.wait(120)
    migrations.upgrade(engine, database.with_name("migration.lock"))


def test_processes_that_start_at_once_migrate_once(tmp_path: Path, template_database: Path) -> None:
    fork = multiprocessing.get_context("fork")
    database, together = tmp_path / "app.sqlite", fork.Barrier(4)
    started = [fork.Process(target=_start, args=(database, together)) for _ in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join(30)
    assert [process.exitcode for process in started] == [0] * 4
    assert schema(database) == schema(template_database)
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


@pytest.mark.parametrize("pragma", ["integrity_check", "foreign_key_check"])
def test_a_migrated_database_is_sound(template_database: Path, pragma: str, tmp_path: Path) -> None:
    database = tmp_path / "app.sqlite"
    database.write_bytes(template_database.read_bytes())
    with sqlite3.connect(database) as connection:
        assert connection.execute(f"PRAGMA {pragma}").fetchall() == ([("ok",)] if pragma == "integrity_check" else [])
