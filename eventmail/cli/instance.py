"""Commands about the instance: its outbox, backups, and what is wrong with it."""

from collections.abc import Sequence
from email.utils import parseaddr
from pathlib import Path

import click

from eventmail import __version__, backup, clock, doctor, outbox, settings
from eventmail.cli.common import as_json_option, opened, print_json
from eventmail.domain.instance.planned_in_copy import Planned


@click.command("outbox")
@as_json_option
def outbox_(as_json: bool) -> None:
    """List the mails that practice mode kept on this box, oldest first."""
    here = settings.load()
    with opened(here):
        mails = outbox.everything(here.outbox)
    folder = here.outbox.relative_to(here.instance)
    listed = [(parseaddr(mail.to)[1], mail.subject, mail.mailing_id, str(folder / mail.name)) for mail in mails]
    if as_json:
        print_json([
            {"to": to, "subject": subject, "mailing": None if mailing is None else str(mailing), "path": path}
            for to, subject, mailing, path in listed
        ])  # fmt: skip
    for to, subject, _, path in () if as_json else listed:
        click.echo(f"{to}\t{subject}\t{path}")


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup_(file: Path) -> None:
    """Write the database and its secret to FILE, also while mail is being sent."""
    size = backup.write(settings.load(), file, __version__, clock.now())
    click.echo(f"Written: {file}, {size / 1_000_000:.1f} MB. Mails in the outbox are not part of it.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Unpack the backup FILE into an instance without a database. It sends nothing until an owner confirms it."""
    here = settings.load()
    restored = backup.restore(here, file)
    click.echo(
        f"Restored into {here.instance} as it was on {restored.made_at:%Y-%m-%d at %H:%M} UTC. "
        "It sends nothing until an owner signs in and confirms that this is the live one."
    )
    to_come, past = ([each for each in restored.planned if each.past is wanted] for wanted in (False, True))
    _tell("These go out at their time, once this one is confirmed", to_come)
    over = "The time of these is over, so they don't go out by themselves: the other one may have sent them"
    _tell(f"{over}. Each asks", past)


def _tell(what: str, planned: Sequence[Planned]) -> None:
    """Print the scheduled messages of a backup, a line each; nothing when there are none."""
    if planned:
        click.echo(f"{what}:")
    for each in planned:
        people = "1 guest" if each.people == 1 else f"{each.people} guests"
        click.echo(f"  {each.due}  “{each.subject}” of {each.event}, {people}")


@click.command("doctor")
@as_json_option
def doctor_(as_json: bool) -> int:
    """Check this instance and say what to do. Ends with 1 when something is wrong."""
    try:
        findings = doctor.examine(settings.load(), clock.now())
    except settings.SettingsError as error:
        findings = [doctor.Finding(str(error), doctor.Level.WRONG, "Nothing starts before that is put right.")]
    if as_json:
        print_json({"findings": [{"what": f.what, "level": f.level, "to_do": f.to_do} for f in findings]})
    for finding in () if as_json else findings:
        click.echo(f"{finding.level:7} {finding.what}" + (f"\n        {finding.to_do}" if finding.to_do else ""))
    return int(any(finding.level is doctor.Level.WRONG for finding in findings))
