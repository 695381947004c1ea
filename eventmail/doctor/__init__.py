"""Checks of an instance: faults, and what to do about them. It changes nothing and needs no running process.

It reads the database as a file, so that it can check one that the application refuses to open.
"""

import os
import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from eventmail import files, migrations, signing
from eventmail.db import sqlite
from eventmail.doctor import scheduled
from eventmail.doctor.at_work import existing, is_full, standing, stuck, waiting, worker
from eventmail.doctor.finding import Finding, Level
from eventmail.doctor.twins import twins
from eventmail.domain.instance import live_lock
from eventmail.models.mailing import COUNTERS
from eventmail.providers.base import ProviderError
from eventmail.providers.smtp import service
from eventmail.settings import PREFIX, UNANSWERABLE, Settings, is_this_box, remarks
from eventmail.states import OPEN

RESTORE = "Stop eventmail, keep a copy of the file, and go back to your newest good backup."
NAMED = 5  # files that a finding names
_MEGABYTE = 1024 * 1024
_TOO_LITTLE, _LITTLE = 100 * _MEGABYTE, 1024 * _MEGABYTE


def examine(settings: Settings, now: datetime) -> list[Finding]:
    """Every check of this instance, in the order in which to repair things."""
    return [*_named(), *_files(settings), *_inside(settings, now), *_mail(settings)]


def _named() -> Iterator[Finding]:
    for sentence in remarks():
        what, _, meant = sentence.partition(". ")
        yield Finding(what, Level.REMARK, meant or "Take it out, or look at the names in the README.")


def _files(settings: Settings) -> Iterator[Finding]:
    yield folder(settings.instance)
    yield private(settings.instance)
    yield secret(settings.instance / "secret.key", needed=settings.database.exists())
    yield disk(settings.instance)


def _mail(settings: Settings) -> Iterator[Finding]:
    yield from base_url(settings.public_url)
    yield from proxies(settings)
    yield sender(settings)
    yield from mail_service(settings)


def _inside(settings: Settings, now: datetime) -> Iterator[Finding]:
    if not settings.database.exists():
        yield Finding("There is no database yet", Level.REMARK, "The first start makes it: make run")
        return
    try:
        with closing(sqlite3.connect(f"{settings.database.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            yield from _database(connection, now, settings)
    except sqlite3.Error as error:
        yield Finding(f"The database {settings.database} cannot be read: {error}", Level.WRONG, RESTORE)


def _database(connection: sqlite3.Connection, now: datetime, settings: Settings) -> Iterator[Finding]:
    for check in (intact, references, journal):
        yield check(connection)
    version = schema(connection)
    yield version
    if version.level is Level.OK:  # the statements fit these tables only
        lock = live(connection, settings.database)
        yield lock
        yield from scheduled.locked(connection, now) if lock.level is not Level.OK else ()
        at_work = worker(connection, now, full=is_full(settings.instance))
        yield at_work
        yield waiting(connection, now, at_work)
        yield from scheduled.overdue(connection, now, at_work) if lock.level is Level.OK else ()
        yield from scheduled.asking(connection)
        yield from standing(connection, settings.provider)
        yield from stuck(connection, now, settings.provider)
        yield counters(connection)
        yield ledger(connection)
        yield from twins(connection)


def live(connection: sqlite3.Connection, file: Path) -> Finding:
    """Whether this is the database that may send, or a copy of it (H9)."""
    row = connection.execute("SELECT place FROM home").fetchone()
    if row is None or row[0] == live_lock.place_of(file):
        return Finding("This database is the live one")
    to_do = "If no other one is live, an owner opens /admin/live and confirms this one."
    owners = "SELECT count(*) FROM user WHERE role = 'owner' AND removed_at IS NULL"
    if not connection.execute(owners).fetchone()[0]:
        to_do += " There is no owner yet: “eventmail signin ADDRESS”, with an address of no colleague, makes the first."
    return Finding("This database was restored or copied, so nothing is sent", Level.WRONG, to_do)


# Files


def folder(instance: Path) -> Finding:
    """Whether the instance folder can be written: the database needs files beside it."""
    there = existing(instance)
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Finding(f"The instance folder {instance} can be written")
    to_do = f"Give it to the user that runs eventmail, or name another folder in {PREFIX}INSTANCE."
    return Finding(f"The instance folder {instance} cannot be written", Level.WRONG, to_do)


def private(instance: Path) -> Finding:
    """Whether other users of the box can open files of the instance: most of them hold data of guests."""
    found = list(files.open_to_others(instance))
    if not found:
        return Finding("Nobody else on this box can get at the files of the instance")
    named = ", ".join(f"{each.path} (mode {each.mode:04o})" for each in found[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    to_do = f"chmod -R go= {shlex.quote(str(instance))} (the next start does so too, for what belongs to its user)"
    return Finding(f"Other users of this box can get at {named}{more}", Level.WRONG, to_do)


def secret(path: Path, *, needed: bool) -> Finding:
    """Whether the key behind every link in sent mails is there."""
    if not path.exists():
        if not needed:
            return Finding("There is no secret yet; the first start makes it")
        what = f"{path} is gone: links in mails that were sent stop working at the next start"
        return Finding(what, Level.WRONG, "Put it back from a backup before you start eventmail.")
    if signing.usable(path.read_bytes()) is None:
        return Finding(f"{path} does not hold a secret", Level.WRONG, "Put it back from a backup.")
    return Finding("The secret behind every link is there")


def disk(instance: Path) -> Finding:
    """The free space on the disk of the instance."""
    free = shutil.disk_usage(existing(instance)).free
    what = f"{free // _MEGABYTE:,} MB are free"
    if free >= _LITTLE:
        return Finding(what)
    level = Level.WRONG if free < _TOO_LITTLE else Level.REMARK
    return Finding(f"Only {what}", level, f"Make room on the disk of {instance}; without any, nothing can be sent.")


# Database


def intact(connection: sqlite3.Connection) -> Finding:
    """SQLite's own check of its file."""
    said = sqlite.damage(connection, quick=True)
    if said is None:
        return Finding("The database is intact")
    return Finding(f"The database is damaged: {said}", Level.WRONG, RESTORE)


def references(connection: sqlite3.Connection) -> Finding:
    """Whether rows point at rows that do not exist."""
    broken = sqlite.broken_references(connection)
    if not broken:
        return Finding("Every reference between rows holds")
    tables = ", ".join(sorted(set(broken)))
    return Finding(f"{len(broken)} rows point at nothing (in {tables})", Level.WRONG, RESTORE)


def journal(connection: sqlite3.Connection) -> Finding:
    """Whether the database keeps a write-ahead log: without one, readers block writers."""
    mode = sqlite.journal_mode(connection)
    if mode == "wal":
        return Finding("The database keeps a write-ahead log")
    to_do = "Start eventmail, which switches it on. If it stays like this, the folder may be a network share: move it."
    return Finding(f"The database's journal mode is {mode}, not WAL", Level.WRONG, to_do)


def schema(connection: sqlite3.Connection) -> Finding:
    """Whether the tables are those of this version."""
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        row = None
    found, wanted = row[0] if row else None, migrations.head()
    if found == wanted:
        return Finding(f"The tables are those of this version ({wanted})")
    to_do = "Start eventmail once: it brings the tables up to date."
    if found and wanted and found > wanted:  # revisions are numbered
        to_do = "A newer eventmail made these tables: run that version, or go back to the backup from before."
    return Finding(f"The tables are at {found or 'nothing'}, this version needs {wanted}", Level.WRONG, to_do)


def counters(connection: sqlite3.Connection) -> Finding:
    """Whether every mailing's counters match its rows (S2)."""
    columns = ", ".join(f"m.{name} - count(CASE r.state WHEN '{state}' THEN 1 END)" for state, name in COUNTERS.items())
    asked = f"SELECT m.id, {columns} FROM mailing m LEFT JOIN recipient r ON r.mailing_id = m.id GROUP BY m.id"  # noqa: S608
    off = [row[0] for row in connection.execute(asked) if any(row[1:])]
    return _sums("The counters of every mailing match its recipients", "Counters and recipients differ", off)


def ledger(connection: sqlite3.Connection) -> Finding:
    """Whether each mailing has as many places reserved as recipients who may still get it (S9)."""
    open_ = " + ".join(f"m.{COUNTERS[state]}" for state in OPEN)
    asked = (
        f"SELECT m.id FROM mailing m LEFT JOIN reservation v ON v.mailing_id = m.id GROUP BY m.id "  # noqa: S608
        f"HAVING coalesce(sum(v.reserved - v.consumed - v.refunded), 0) <> {open_}"
    )
    off = [row[0] for row in connection.execute(asked)]
    return _sums("The quota ledger balances", "The quota ledger does not balance", off)


def _sums(fine: str, wrong: str, mailings: list[int]) -> Finding:
    if not mailings:
        return Finding(fine)
    named = ", ".join(map(str, mailings[:5])) + (" and more" if len(mailings) > 5 else "")
    to_do = "Please report this with the lines of the log about them; what was mailed to whom stays right."
    return Finding(f"{wrong} for mailing {named}", Level.WRONG, to_do)


# Mail


def base_url(url: str) -> Iterator[Finding]:
    """Whether guests can follow the links in their mail, and unsubscribe with one click (RFC 8058)."""
    to_do = f"Set {PREFIX}BASE_URL to the public https address of this instance."
    if is_this_box(urlsplit(url).hostname or ""):
        yield Finding(f"Links in mails lead to {url}, which only this box can open", Level.REMARK, to_do)
    if url.startswith("https:"):
        yield Finding(f"Links in mails lead to {url}")
    else:
        yield Finding("Without https, mails have no one-click unsubscribe (RFC 8058)", Level.REMARK, to_do)


def proxies(settings: Settings) -> Iterator[Finding]:
    """Whether wrong passwords count for the right network address: https means that a proxy is in front."""
    if settings.public_url.startswith("https:") and not settings.proxies:
        what = f"{PREFIX}BASE_URL begins with https, so a proxy is in front, but {PREFIX}PROXIES is 0"
        to_do = f"Set {PREFIX}PROXIES to the number of proxies, usually 1; else everybody counts as one address."
        yield Finding(what, Level.REMARK, to_do)


def sender(settings: Settings) -> Finding:
    """Whether the From address was set."""
    if settings.sender != UNANSWERABLE:
        return Finding(f"Mail comes from {settings.from_}")
    what = f"Mail comes from {settings.from_}, an address nobody can answer"
    return Finding(what, Level.REMARK, f"Set {PREFIX}FROM to an address of yours.")


def mail_service(settings: Settings) -> Iterator[Finding]:
    """Whether mail leaves the box at all, and how the mail service answers a check without a mail."""
    if settings.practice:
        to_do = f"To reach guests, connect a mail service with {PREFIX}PROVIDER."
        yield Finding("Practice mode: mail stays on this box", Level.REMARK, to_do)
        return
    try:
        yield from [Finding(sentence) for sentence in service.check(settings.smtp_url.get_secret_value())]
    except ValueError as error:
        yield Finding(f"No mail can leave: {PREFIX}SMTP_URL {error}", Level.WRONG, f"Correct {PREFIX}SMTP_URL.")
    except service.Slow as slow:
        who = f"Ask whoever runs the mail server, or look at {PREFIX}SMTP_URL."
        what = f"Whether mail can leave is not known: {slow.detail}"
        yield Finding(what, Level.WRONG, f"{who} Mail waits for it longer than this check.")
    except ProviderError as error:
        to_do = f"Correct {PREFIX}SMTP_URL, or ask whoever runs the mail server; what is to be sent waits."
        yield Finding(f"No mail can leave: {error.detail}", Level.WRONG, to_do)
