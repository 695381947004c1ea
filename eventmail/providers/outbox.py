"""The built-in mail service of practice mode: mail becomes files in the instance, and people read it in the app.

Like a plain SMTP server it takes the same mail twice when it is handed over twice, so "at most once" is our doing in
practice, too. The tag of an address (`anna+softbounce@…`) makes it play an awkward recipient.
"""

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from eventmail import ids
from eventmail.providers.base import Accepted, Mail, Permanent, Transient, Unclear

SLOW_SECONDS = 1.0
TRANSIENT_FAILURES = 2


class Outbox:
    """Writes each mail into `folder` as an `.eml` file; its name begins with the time and holds the mail's key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, mail: Mail) -> Accepted:
        match _tag(mail.to):
            case "hardbounce":
                raise Permanent("No such user here", code="550 5.1.1", hard=True)
            case "softbounce":
                raise Permanent("Mailbox full", code="552 5.2.2")
            case "transient" if mail.attempt <= TRANSIENT_FAILURES:
                raise Transient("Try again later", code="451 4.3.2")
            case "slow":
                time.sleep(SLOW_SECONDS)
            case "lost":
                self._write(mail)
                raise Unclear("The connection was lost before the answer came")
            case "complaint":
                return Accepted(self._write(mail), complained=True)
        return Accepted(self._write(mail))

    def _write(self, mail: Mail) -> str:
        name = f"{time.time_ns():020d}.{mail.key}.{ids.token(6)}.eml"
        draft = self.folder / f"{name}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(mail.data)
            draft.replace(self.folder / name)  # so that a reader sees a whole mail or none
        except OSError as error:
            with suppress(OSError):
                draft.unlink()  # the part that a full disk still took
            raise Transient(f"The outbox could not be written: {error.strerror}") from error
        return name


_ACCOUNT = re.compile(r"account[0-9]+(?=-)")


@dataclass(frozen=True)
class Kept:
    """A mail in the outbox, and the key that it was handed over with."""

    path: Path
    key: str

    @property
    def root(self) -> str:
        """The root of the key: a mailing's, which may hold hyphens, or that of an account mail, which does not."""
        account = _ACCOUNT.match(self.key)
        return account[0] if account else self.key.rpartition("-")[0]


def kept(folder: Path) -> list[Kept]:
    """Every mail in the outbox, oldest first; none while the folder does not exist."""
    return [Kept(path, path.name.split(".")[1]) for path in sorted(folder.glob("[0-9]*.eml"))]


def _tag(address: str) -> str:
    local = address.rpartition("@")[0]
    return local.rpartition("+")[2].lower() if "+" in local else ""
