"""What the real mail servers of the tests have in common: a folder of their own, a port, one Maildir, an end.

A server runs on 127.0.0.1 in its own folder. One whose package fixes where its files and accounts are sees that folder
in the place of this box's, in a mount namespace of its own, so that nothing of this box is used or changed.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Self

from tests.support.clerks import PASSWORD, USER, Clerks
from tests.support.live import ROOT, free_port
from tests.support.smtp_peer import make_certificate
from tests.support.waiting import wait_for

DOMAIN = "guests.example.net"  # whose mail it takes
SENDER = "team@organizers.example.org"
NEEDED = ("group", "hosts", "ld.so.cache", "nsswitch.conf", "passwd", "protocols", "resolv.conf", "services", "ssl")


class Mode(StrEnum):
    """What it has against our mail, beside what it has against single addresses."""

    OPEN = "takes everybody's mail, without a sign-in"
    ORDINARY = "takes mail of who signed in"
    SPAM = "refuses each message after its end"
    SENDER = "does not take our sender"
    NO_RELAY = "does not know us, and takes mail for another domain"


class MailServer(ABC):
    """`with Postfix() as server:` `port`, `url`, `certificate` (self-made), `mails()`.

    It refuses the addresses that begin with `gone` and `full`, and those with `grey` once each (tests/support/clerks).
    """

    name: ClassVar[str]
    program: ClassVar[str]

    def __init__(self, mode: Mode = Mode.OPEN, known: Sequence[str] = ()) -> None:
        """`known`: the addresses that it has, for a server that keeps a list of them."""
        self.mode = mode
        self.known = known

    def __enter__(self) -> Self:
        roots = (Path("/"), ROOT / ".venv" / self.name)
        root = next((root for root in roots if (root / self.program).exists()), None)
        assert root, f"{self.name} is not there; run tests/install_mail_server.sh {self.name}"
        assert os.geteuid() == 0, f"{self.name} gives each of its processes its own account, so it starts as root only"
        self.root = root
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self.folder.chmod(0o755)  # its processes give up root, and still have to reach the mailbox
        self.box = self.folder / "box"
        self.port = free_port()
        self.certificate = make_certificate(self.folder)
        self.clerks = Clerks()
        before = os.umask(0o022)  # eventmail in this process keeps files to itself; the accounts of a server share them
        try:
            with (self.folder / "stderr.log").open("wb") as log:
                self._process = subprocess.Popen(
                    self._command(), env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **self._environment()},
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )  # fmt: skip
        finally:
            os.umask(before)
        try:
            wait_for(self._answers, 60.0, f"{self.name} to greet")
        except BaseException as error:
            error.add_note(self.log())
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.clerks.end()
        shutil.rmtree(self.folder)

    def url(self, password: str = PASSWORD) -> str:
        """For EVENTMAIL_SMTP_URL."""
        return f"smtp://{USER}:{password}@127.0.0.1:{self.port}"

    def mails(self) -> list[bytes]:
        """What was delivered, with what the server put on top of each mail, lines ending in a bare LF."""
        return [path.read_bytes() for path in (self.box / "new").glob("*")]

    def count(self) -> int:
        """How many were delivered."""
        return sum(1 for _ in (self.box / "new").glob("*"))

    def waiting(self) -> list[str]:
        """What it took and has not delivered: its names in the queue."""
        return sorted(path.name for folder in self._queues() for path in folder.rglob("*") if path.is_file())

    def log(self) -> str:
        """What it said, for a failing test."""
        return "\n".join(path.read_text(errors="replace") for path in self._logs() if path.exists())

    @abstractmethod
    def _command(self) -> list[str | Path]:
        """How it is started, in the foreground."""

    def _environment(self) -> dict[str, str]:
        return {}

    @abstractmethod
    def _queues(self) -> list[Path]:
        """Where it keeps what it has not delivered."""

    def _logs(self) -> list[Path]:
        return [self.folder / "stderr.log"]

    def _answers(self) -> bool:
        assert self._process.poll() is None, f"{self.name} ended with {self._process.returncode}\n{self.log()}"
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as line:
                return line.recv(3) == b"220"
        except OSError:
            return False

    def _own_etc(self, accounts: dict[str, int]) -> Path:
        """An /etc with what programs look up there, and these accounts beside those of this box."""
        etc = self.folder / "etc"
        etc.mkdir()
        for name in NEEDED:
            found = Path("/etc") / name
            if found.is_dir():
                shutil.copytree(found, etc / name, symlinks=True, ignore=shutil.ignore_patterns("private"))
            elif found.exists():
                shutil.copyfile(found, etc / name)
        with (etc / "passwd").open("a") as passwd, (etc / "group").open("a") as group:
            for name, number in accounts.items():
                passwd.write(f"{name}:x:{number}:{number}::{self.folder}:/bin/sh\n")
                group.write(f"{name}:x:{number}:\n")
        return etc

    def _seeing(self, binds: dict[Path, str], command: Sequence[str | Path]) -> list[str | Path]:
        """`command` in a mount namespace of its own, where each of these folders stands in that place."""
        mounted = " && ".join(f"mount --bind '{folder}' '{place}'" for folder, place in binds.items())
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'{mounted} && exec "$@"', "sh", *command]
