"""The command line. Each command calls one function of the package; answers go to stdout, the rest to stderr."""

import logging
import sqlite3
import sys
from collections.abc import Sequence

import click
from sqlalchemy.exc import SQLAlchemyError

from eventmail import __version__, backup, files, logs, migrations, run, settings
from eventmail.cli import guests as guest_commands
from eventmail.cli import instance, people, processes
from eventmail.errors import DomainError

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script. Exits with 0, with 1 when something is refused or wrong, with 2 for a wrong command line."""
    try:
        sys.exit(commands(arguments, prog_name="eventmail", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        _end(2, error.format_message())
    except click.UsageError as error:
        _end(2, f"{error.format_message()} See “{_path(error)} --help”.")
    except click.ClickException as error:
        _end(1, error.format_message())
    except settings.SettingsError as error:
        _end(2, str(error))
    except DomainError as error:
        _end(1, error.detail)
    except (click.Abort, KeyboardInterrupt):
        _end(1, "Interrupted.")
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has ended, so there is nothing left to say
        sys.exit(1)
    except (SQLAlchemyError, sqlite3.Error) as error:
        _end(1, f"The database could not be used: {getattr(error, 'orig', None) or error}. Try “eventmail doctor”.")
    except OSError as error:
        _end(1, f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.")
    except (run.CannotStart, backup.CannotBackUp, backup.CannotRestore, migrations.NewerDatabase, ValueError) as error:
        _end(1, str(error))
    except Exception as error:  # a bug of ours: the traceback goes to the log, a sentence to the console
        logs.set_up()
        log.exception("a command failed")
        _end(1, f"Something went wrong that eventmail did not expect ({type(error).__name__}). Please report it.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def commands() -> None:
    """Mail for event organizers: see who gets what before it leaves; each of them gets it at most once."""
    files.keep_private()


for _command in (
    processes.run_, processes.web, processes.worker, processes.tick, people.signin, people.token,
    guest_commands.guests, guest_commands.demo_, instance.outbox_, instance.backup_, instance.restore, instance.doctor_,
):  # fmt: skip
    commands.add_command(_command)


def _path(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else "eventmail"


def _end(code: int, sentence: str) -> None:
    click.echo(sentence, err=True)
    sys.exit(code)
