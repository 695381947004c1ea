"""A restored or copied database does not send until an owner confirms that it is the live one (H9).

Two databases that both believe themselves live would mail the same guests. A file that was copied, or unpacked from a
backup, has another inode; one that was moved with its disk to another machine meets another machine id.
"""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventmail import clock, records
from eventmail.db import fresh, transaction
from eventmail.domain import account_mails, people
from eventmail.models import Home, Mailing, Recipient
from eventmail.records import Acting
from eventmail.states import RecipientState

MACHINE_ID = Path("/etc/machine-id")
NOWHERE = ""  # the place of a restored database: nothing is ever there
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
    """At start: a database that was never anywhere is live where it is."""
    if fresh().scalar(select(Home.id)) is None:
        with transaction() as tx:
            if tx.scalar(select(Home.id)) is None:  # two processes start at once
                tx.add(Home(place=place_of(database), confirmed_by=None, confirmed_at=clock.now()))


def is_live(database: Path) -> bool:
    """Whether mail may leave this database."""
    return fresh().scalar(select(Home.place)) == place_of(database)


def confirm(database: Path, by: Acting) -> int:
    """An owner says that this is the live one: how many mails are in doubt by that.

    Whatever waited when the copy was made may have been sent by the other one since, so it is not sent by itself but
    asks for a decision (S5). Raises RoleTooLow for anybody but an owner.
    """
    with transaction() as tx:
        people.owner_acts(tx, by)
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
    return sum(
        len(records.move_recipients(tx, under_way, state, RecipientState.UNKNOWN, **values))
        for state in (RecipientState.QUEUED, RecipientState.SENDING)
    )
