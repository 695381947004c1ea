"""A restored or copied database does not send until an owner confirms that it is the live one (H9).

Two live databases would mail the same guests. A copied or restored file has another inode; a disk that was moved to
another machine meets another machine id.

An older file that replaces a newer one may have its inode. So each hand-over mark is counted in the database and, after
its commit and before the first byte leaves, in a file beside it. A database that counts less than the file is older.
Restoring both together, as a snapshot of the whole disk does, is not noticed.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from eventmail import clock, records
from eventmail.db import file, fresh, transaction
from eventmail.domain.instance import planned_in_copy
from eventmail.domain.people import account_mails, colleagues
from eventmail.models import Home, Mailing, Recipient
from eventmail.records import Acting
from eventmail.states import OPEN, PLANNED, RecipientState

log = logging.getLogger(__name__)

MACHINE_ID = Path("/etc/machine-id")
NOWHERE = ""  # the place of a restored database; no file is ever there
COUNT = "hand-over.count"  # the file beside the database
SENTENCE = (
    "This eventmail was restored or copied, so nothing leaves it: another one may be sending to the same guests. "
    "An owner has to confirm that this is the live one."
)
DOUBT = "Waited when this database was copied or backed up; nobody can say whether it was sent since"


@dataclass(frozen=True)
class Confirmed:
    """What a confirmation left to decide: mails that may have been sent, and messages whose time is over."""

    in_doubt: int = 0
    missed: int = 0


def place_of(database: Path) -> str:
    """The place of a database file, as machine id and inode. A copy is elsewhere, a renamed file is not."""
    machine = MACHINE_ID.read_text().strip() if MACHINE_ID.is_file() else ""
    return f"{machine}/{database.stat().st_ino}"


def settle_in(database: Path) -> None:
    """Called at start: a new database becomes live here, an older one that replaced a newer one stops being live."""
    counted = _counted(database)  # read first, since a running worker counts in the database first
    marks = fresh().scalar(select(Home.marks))
    if marks is None or _is_older(marks, counted):
        with transaction() as tx:
            home = tx.scalars(select(Home)).one_or_none()  # read again: two processes may start at once
            if home is None:
                tx.add(Home(place=place_of(database), marks=counted or 0, confirmed_by=None, confirmed_at=clock.now()))
            elif _is_older(home.marks, counted) and home.place != NOWHERE:
                home.place = NOWHERE
                log.warning("this database is older than what was handed over from here, so it sends nothing")
    keep_count()


def _is_older(marks: int, counted: int | None) -> bool:
    return marks > 0 if counted is None else marks < counted


def count_mark(tx: Session) -> None:
    """Count one more mark. Runs in the transaction that marks mails."""
    tx.execute(_ONE_MORE, execution_options={"synchronize_session": False})


def keep_count() -> None:
    """Write the count beside the database, after that commit and before the first byte. A failure stops nothing."""
    database = file()
    marks, counted = fresh().scalar(select(Home.marks)) or 0, _counted(database)
    if counted is not None and counted >= marks:
        return
    try:
        descriptor = os.open(database.with_name(COUNT), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, b"%020d\n" % marks, 0)
        finally:
            os.close(descriptor)
    except OSError:
        log.warning("the count of hand-overs can't be kept beside the database", exc_info=True)


def _counted(database: Path) -> int | None:
    try:
        return int(database.with_name(COUNT).read_bytes())
    except (OSError, ValueError):  # no file, or no number in it
        return None


_ONE_MORE = update(Home).values(marks=Home.marks + 1)


def is_live(database: Path) -> bool:
    """Whether mail may leave this database."""
    return fresh().scalar(select(Home.place)) == place_of(database)


def confirm(database: Path, by: Acting) -> Confirmed:
    """Make this database the live one, as an owner confirms. Raises RoleTooLow for anybody but an owner.

    The other database may have sent all mails that waited when the copy was made, so they ask for a decision (S5).
    Scheduled messages stay whole: those to come stay scheduled, those whose time is over ask.
    """
    with transaction() as tx:
        colleagues.owner_acts(tx, by)
        home = tx.scalars(select(Home)).one_or_none()
        place = place_of(database)
        if home is not None and home.place == place:
            return Confirmed()
        account_mails.doubt(tx, DOUBT, by.now)  # first, since the missed messages bring new ones
        left = Confirmed(_doubt(tx, by), planned_in_copy.ask(tx, clock.now(), by))
        if home is None:
            home = Home()
            tx.add(home)
        home.place, home.confirmed_by, home.confirmed_at = place, by.user_id, by.now
        home.marks = max(home.marks or 0, _counted(database) or 0)
        records.audit(tx, by, "home.confirmed", "installation", in_doubt=left.in_doubt)
        return left


def leave(session: Session) -> None:
    """Say in a restored database that it is not live until an owner confirms it."""
    home = session.scalars(select(Home)).one_or_none()
    if home is None:
        session.add(Home(place=NOWHERE, confirmed_by=None, confirmed_at=clock.now()))
    else:
        home.place = NOWHERE


def _doubt(tx: Session, by: Acting) -> int:
    """Put every mail of a run that waited or was on its way in doubt; returns how many. Finished mailings have none."""
    open_runs = select(Mailing.id).where(Mailing.n_queued + Mailing.n_sending > 0, Mailing.state.not_in(PLANNED))
    under_way = [Recipient.mailing_id.in_(open_runs)]
    values = {"claim_owner": None, "claim_until": None, "last_error": DOUBT, "updated_at": by.now}
    return sum(len(records.move_recipients(tx, under_way, state, RecipientState.UNKNOWN, **values)) for state in OPEN)
