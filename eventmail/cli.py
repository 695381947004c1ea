"""The command line. Each command calls one function below it; answers go to stdout, everything else to stderr."""

import json
import logging
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.utils import parseaddr
from pathlib import Path
from typing import Any, BinaryIO

import click
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from eventmail import __version__, backup, clock, create_app, doctor, files, ids, logs, outbox, run, settings, tasks
from eventmail.backup import CannotBackUp, CannotRestore
from eventmail.db import db, fresh
from eventmail.domain import api_tokens, csv_text, demo, imports, links, users
from eventmail.errors import DomainError, NotFound
from eventmail.migrations import NewerDatabase
from eventmail.models import Event
from eventmail.records import Acting
from eventmail.run import CannotStart
from eventmail.settings import Settings, SettingsError

log = logging.getLogger(__name__)

_json = click.option("--json", "as_json", is_flag=True, help="Answer with one JSON value on one line.")


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script. Ends with 0, with 1 when something is refused or wrong, with 2 when asked wrongly."""
    try:
        sys.exit(commands(arguments, prog_name="eventmail", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        _end(2, error.format_message())
    except click.UsageError as error:
        _end(2, f"{error.format_message()} See “{_path(error)} --help”.")
    except click.ClickException as error:
        _end(1, error.format_message())
    except SettingsError as error:
        _end(2, str(error))
    except DomainError as error:
        _end(1, error.detail)
    except (click.Abort, KeyboardInterrupt):
        _end(1, "Interrupted.")
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone; nothing is left to be said
        sys.exit(1)
    except (SQLAlchemyError, sqlite3.Error) as error:
        _end(1, f"The database could not be used: {getattr(error, 'orig', None) or error}. Try “eventmail doctor”.")
    except OSError as error:
        _end(1, f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.")
    except (CannotStart, CannotBackUp, CannotRestore, NewerDatabase, ValueError) as error:
        _end(1, str(error))
    except Exception as error:  # a bug of ours: the log keeps its trace, the person at the console gets a sentence
        logs.set_up()
        log.exception("a command failed")
        _end(1, f"Something went wrong that eventmail did not expect ({type(error).__name__}). Please report it.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def commands() -> None:
    """Mail for event organizers: see who gets what before it leaves; each of them gets it at most once."""
    files.keep_private()


@commands.command("run")
def run_() -> int:
    """Start web and worker and print a link that signs in. The first start loads a demo."""
    here = settings.load()
    run.check_port(here)
    with _opened(here):
        if not users.has_people():
            click.echo("This is the first start: loading the demo …")
            demo.load(_by())
        email = demo.guide()
        token = links.issue(email, _by()) if email else links.issue_first(_by())
        sentence = _welcome(here, _link(here, token), email)
    return run.run_all(here, sentence)


@commands.command()
def web() -> None:
    """Serve the pages, in the foreground."""
    here = settings.load()
    run.check_port(here)
    with _opened(here):
        token = None if users.has_people() else links.issue_first(_by())
    if token:
        click.echo(f"Open this to set up eventmail; who fills in its form is the owner:\n\n  {_link(here, token)}\n")
    run.become("web", here)


@commands.command()
def worker() -> None:
    """Send what is due, in the foreground."""
    run.become("worker", settings.load())


@commands.command("demo")
@click.option("--guests", metavar="N", type=click.IntRange(min=0), default=0, help="Confirmed guests beyond the 43.")
@_json
def demo_(guests: int, as_json: bool) -> None:
    """Load the demo. Repeating adds nothing and gives a new token and password."""
    here = settings.load()
    with _opened(here):
        loaded = demo.load(_by(), guests=guests)
    answer = {
        "event": str(loaded.event_id),
        "email": loaded.email,
        "password": loaded.password,
        "token": loaded.token,
        "url": _link(here, loaded.link),
    }
    if as_json:
        _print_json(answer)
    else:
        click.echo(f"The demo is loaded; {loaded.added} guests are new.")
        click.echo("\n".join(f"  {name:8} {value}" for name, value in answer.items()))


@commands.command()
@click.argument("address")
def signin(address: str) -> None:
    """Print a one-time link with a button that signs in the colleague at ADDRESS."""
    here = settings.load()
    with _opened(here):
        token = _colleague_or_owner(address)
    click.echo(_link(here, token))


@commands.group()
def token() -> None:
    """Tokens for programs that use the API."""


@token.command("add")
@click.argument("address", required=False)
@click.option("--name", default="console", show_default=True, help="What the token is for.")
@click.option("--days", type=click.IntRange(1, 3650), help="How long it works; without, until it is taken back.")
@click.option("--read-only", is_flag=True, help="It may look at everything and change nothing.")
@_json
def token_add(address: str | None, name: str, days: int | None, *, read_only: bool, as_json: bool) -> None:
    """Print a new API token of the colleague at ADDRESS, else of whom “run” signs in. It is shown this once."""
    with _opened(settings.load()):
        email = address or demo.guide()
        if email is None:
            raise NotFound("Nobody is here yet. Start eventmail and open the link it prints.")
        made = api_tokens.issue_to(email, name, _by(), days=days, read_only=read_only)
    _print_json({"email": email, "name": name, "token": made}) if as_json else click.echo(made)


@commands.group()
def guests() -> None:
    """Guest lists."""


@guests.command("import")
@click.argument("event")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
@_json
def guests_import(event: str, file: BinaryIO, dry_run: bool, as_json: bool) -> None:
    """Import the CSV FILE (- for standard input) into EVENT. Good rows land, the others are listed."""
    data = file.read(csv_text.MOST_BYTES + 1)  # one more says enough
    with _opened(settings.load()):
        row = fresh().get(Event, ids.row_id(event) or 0)
        if row is None:
            raise NotFound(f"There is no event {event}.")
        report = imports.run(row.id, data, _by(), dry_run=dry_run)
    rejected = [{"line": bad.line, "code": bad.code, "message": bad.message} for bad in report.rejected]
    counts = {"created": report.created, "updated": report.updated, "unchanged": report.unchanged}
    if as_json:
        _print_json({**counts, "rejected": rejected})
        return
    said = ", ".join(f"{number} {word}" for word, number in counts.items())
    click.echo(f"{'Would be: ' if dry_run else ''}{said}, {len(rejected)} rejected.")
    for bad in report.rejected:
        click.echo(f"  line {bad.line}: {bad.message}")


@commands.command("outbox")
@_json
def outbox_(as_json: bool) -> None:
    """List the mails that practice mode kept on this box, oldest first."""
    here = settings.load()
    with _opened(here):
        mails = outbox.everything(here.outbox)
    folder = here.outbox.relative_to(here.instance)
    listed = [
        {
            "to": parseaddr(mail.to)[1],
            "subject": mail.subject,
            "mailing": None if mail.mailing_id is None else str(mail.mailing_id),
            "path": str(folder / mail.name),
        }
        for mail in mails
    ]
    if as_json:
        _print_json(listed)
    for mail in () if as_json else listed:
        click.echo(f"{mail['to']}\t{mail['subject']}\t{mail['path']}")


@commands.command()
def tick() -> None:
    """Look once for what is due, in this process; the worker does so by itself every minute."""
    with _opened(settings.load()) as app:
        jobs = tasks.tick(app)
    click.echo(f"{jobs} {'job is' if jobs == 1 else 'jobs are'} left for the worker.")


@commands.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup_(file: Path) -> None:
    """Write the database and its secret to FILE, also while mail is being sent."""
    size = backup.write(settings.load(), file, __version__, clock.now())
    click.echo(f"Written: {file}, {size / 1_000_000:.1f} MB. Mails in the outbox are not part of it.")


@commands.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Unpack the backup FILE into an instance without a database. It sends nothing until an owner confirms it."""
    here = settings.load()
    made_at = backup.restore(here, file)
    click.echo(
        f"Restored into {here.instance} as it was on {made_at:%Y-%m-%d at %H:%M} UTC. "
        "It sends nothing until an owner signs in and confirms that this is the live one."
    )


@commands.command("doctor")
@_json
def doctor_(as_json: bool) -> int:
    """Check this instance and say what to do. Ends with 1 when something is wrong."""
    try:
        findings = doctor.examine(settings.load(), clock.now())
    except SettingsError as error:
        findings = [doctor.Finding(str(error), doctor.Level.WRONG, "Nothing starts before that is put right.")]
    if as_json:
        _print_json({"findings": [{"what": f.what, "level": f.level, "to_do": f.to_do} for f in findings]})
    for finding in () if as_json else findings:
        click.echo(f"{finding.level:7} {finding.what}" + (f"\n        {finding.to_do}" if finding.to_do else ""))
    return int(any(finding.level is doctor.Level.WRONG for finding in findings))


@contextmanager
def _opened(here: Settings) -> Iterator[Flask]:
    app = create_app(here)
    with app.app_context():
        try:
            yield app
        finally:
            db.engine.dispose()  # no connection may live on in the processes we start


def _by() -> Acting:
    return Acting(None, "cli", ids.request_id(), clock.now())


def _colleague_or_owner(address: str) -> str:
    """A link for the colleague, or while there is no owner the link that makes one."""
    try:
        return links.issue(address, _by())
    except NotFound:
        first = links.issue_first(_by())
        if first is None:
            raise
        click.echo(f"Nobody has the address {address} yet. Who fills in its form becomes the owner:", err=True)
        return first


def _link(here: Settings, token: str | None) -> str:
    return f"{here.public_url}/sign-in/{token}"


def _welcome(here: Settings, link: str, email: str | None) -> str:
    who = f"This link signs in {email} when its button is pressed" if email else "Who fills in its form is the owner"
    practice = " Practice mode: mail stays on this box." if here.provider == "outbox" else ""
    return f"\neventmail is ready.{practice} Open this in a browser. {who}, once:\n\n  {link}\n\nCtrl-C stops it."


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


def _path(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else "eventmail"


def _end(code: int, sentence: str) -> None:
    click.echo(sentence, err=True)
    sys.exit(code)
