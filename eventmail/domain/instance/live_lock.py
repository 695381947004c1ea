"""A restored or copied database does not send until an owner confirms that it is the live one (H9).

Two databases that both believe themselves live would mail the same guests. A file that was copied, or unpacked from a
backup, has another inode; one that was moved with its disk to another machine meets another machine id.

An older file that was put back in the place of a newer one may have its inode. So each mark before a hand-over is
counted in the database, and after its commit in a file beside it, before the first byte leaves. A database that counts
less than that file is an older one. Who takes both back, as a snapshot of a whole disk does, is not noticed.
"""

import logging
import os
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from eventmail import clock, records
from eventmail.db import file, fresh, transaction
from eventmail.domain.people import account_mails, colleagues
from eventmail.models import Home, Mailing, Recipient
from eventmail.records import Acting
from eventmail.states import OPEN, RecipientState

log = logging.getLogger(__name__)

MACHINE_ID = Path("/etc/machine-id")
NOWHERE = ""  # the place of a restored database: nothing is ever there
COUNT = "hand-over.count"  # the file beside the database
SENTENCE = (
    "This eventmail was restored or copied, so nothing leaves it: another one may be sending to the same guests. "
    "An owner has to confirm that this is the live one."
)
DOUBT = "Waited when this database was copied or backed up; nobody can say whether it was sent since"


def place_of(database: Path) -> str:
    """Where a database file is: a copy of it is somewhere else, a file that was renamed is not."""
    machine = MACHINE_ID.read_text().strip() if MACHINE_ID.is_file() else ""
    return f"{machine}/{database.stat().st_ino}"


def settle_in(database: Path) -> None:
    """At start: a database that was never anywhere is live where it is; an older one in a newer one's place is not."""
    counted = _counted(database)  # first, since a worker that runs meanwhile counts in the database first
    marks = fresh().scalar(select(Home.marks))
    if marks is None or _is_older(marks, counted):
        with transaction() as tx:
            home = tx.scalars(select(Home)).one_or_none()  # two processes start at once
            if home is None:
                now = clock.now()
                tx.add(Home(place=place_of(database), marks=counted or 0, confirmed_by=None, confirmed_at=now))
            elif _is_older(home.marks, counted) and home.place != NOWHERE:
                home.place = NOWHERE
                log.warning("this database is older than what was handed over from here, so it sends nothing")
    keep_count()


def _is_older(marks: int, counted: int | None) -> bool:
    return marks > 0 if counted is None else marks < counted


def count_mark(tx: Session) -> None:
    """In the commit that marks mails: one more."""
    tx.execute(_ONE_MORE, execution_options={"synchronize_session": False})


def keep_count() -> None:
    """After that commit and before the first byte: write the count beside the database.

    Where that fails everything goes on; only an older database that is put back would not be known.
    """
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
    except (OSError, ValueError):  # none, or nobody's number
        return None


_ONE_MORE = update(Home).values(marks=Home.marks + 1)


def is_live(database: Path) -> bool:
    """Whether mail may leave this database."""
    return fresh().scalar(select(Home.place)) == place_of(database)


def confirm(database: Path, by: Acting) -> int:
    """An owner says that this is the live one: how many mails are in doubt by that.

    Whatever waited when the copy was made may have been sent by the other one since, so it is not sent by itself but
    asks for a decision (S5). Raises RoleTooLow for anybody but an owner.
    """
    with transaction() as tx:
        colleagues.owner_acts(tx, by)
        home = tx.scalars(select(Home)).one_or_none()
        place = place_of(database)
        if home is not None and home.place == place:
            return 0
        doubtful = _doubt(tx, by)
        account_mails.doubt(tx, DOUBT, by.now)
        if home is None:
            home = Home()
            tx.add(home)
        home.place, home.confirmed_by, home.confirmed_at = place, by.user_id, by.now
        home.marks = max(home.marks or 0, _counted(database) or 0)
        records.audit(tx, by, "home.confirmed", "installation", in_doubt=doubtful)
        return doubtful


def leave(session: Session) -> None:
    """Mark a database that was restored: it is nowhere until an owner confirms it."""
    home = session.scalars(select(Home)).one_or_none()
    if home is None:
        session.add(Home(place=NOWHERE, confirmed_by=None, confirmed_at=clock.now()))
    else:
        home.place = NOWHERE


def _doubt(tx: Session, by: Acting) -> int:
    """Put every mail that waited, or was on its way, in doubt; finished mailings have none."""
    under_way = [Recipient.mailing_id.in_(select(Mailing.id).where(Mailing.n_queued + Mailing.n_sending > 0))]
    values = {"claim_owner": None, "claim_until": None, "last_error": DOUBT, "updated_at": by.now}
    return sum(len(records.move_recipients(tx, under_way, state, RecipientState.UNKNOWN, **values)) for state in OPEN)
