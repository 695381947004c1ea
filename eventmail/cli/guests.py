"""Commands about guests: importing a list, and the demo."""

from typing import BinaryIO

import click

from eventmail import ids, settings, tasks
from eventmail.cli.common import as_json_option, by, link, opened, print_json
from eventmail.db import fresh
from eventmail.domain.imports import csv_text
from eventmail.domain.imports import run as import_run
from eventmail.domain.instance import demo
from eventmail.errors import NotFound
from eventmail.models import Event


@click.group()
def guests() -> None:
    """Guest lists."""


@guests.command("import")
@click.argument("event")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
@as_json_option
def guests_import(event: str, file: BinaryIO, dry_run: bool, as_json: bool) -> None:
    """Import the CSV FILE (- for standard input) into EVENT. Good rows land, the others are listed."""
    data = file.read(csv_text.MOST_BYTES + 1)  # one byte more, so that a file too large is refused
    with opened(settings.load()):
        row = fresh().get(Event, ids.row_id(event) or 0)
        if row is None:
            raise NotFound(f"There is no event {event}.")
        report = import_run.run(row.id, data, by(), dry_run=dry_run)
    rejected = [{"line": bad.line, "code": bad.code, "message": bad.message} for bad in report.rejected]
    counts = {"created": report.created, "updated": report.updated, "unchanged": report.unchanged}
    if as_json:
        print_json({**counts, "rejected": rejected})
        return
    said = ", ".join(f"{number} {word}" for word, number in counts.items())
    click.echo(f"{'Would be: ' if dry_run else ''}{said}, {len(rejected)} rejected.")
    for bad in report.rejected:
        click.echo(f"  line {bad.line}: {bad.message}")


@click.command("demo")
@click.option("--guests", metavar="N", type=click.IntRange(min=0), default=0, help="Confirmed guests beyond the 43.")
@as_json_option
def demo_(guests: int, as_json: bool) -> None:
    """Load the demo. Repeating adds nothing and gives a new token and password."""
    here = settings.load()
    with opened(here) as app:
        loaded = demo.load(by(), tasks.terms(app), guests=guests)
    answer = {
        "event": str(loaded.event_id), "email": loaded.email, "password": loaded.password, "token": loaded.token,
        "url": link(here, loaded.link),
    }  # fmt: skip
    if as_json:
        print_json(answer)
    else:
        click.echo(f"The demo is loaded; {loaded.added} guests are new.")
        click.echo("\n".join(f"  {name:8} {value}" for name, value in answer.items()))
