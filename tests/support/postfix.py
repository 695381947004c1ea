"""A real postfix on 127.0.0.1 that takes mail for everybody and keeps it in one Maildir.

Its programs come from the package, installed or only unpacked (tests/install_postfix.sh). Configuration, queue and
mailbox lie in a folder of their own, so that nothing of this box is used but two of the accounts every Debian has.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from tests.support.live import ROOT, free_port
from tests.support.smtp_peer import make_certificate
from tests.support.waiting import wait_for

ROOTS = (Path("/"), ROOT / ".venv" / "postfix")
OWNER, SETGID, MAILBOX_UID = "uucp", "news", 8  # accounts without a job; postfix wants each to be another
QUEUES = (
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "public", "saved",
    "trace",
)  # fmt: skip

MAIN = """\
compatibility_level = 2
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {programs}
command_directory = {root}/usr/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {folder}/etc
import_environment = MAIL_CONFIG LD_LIBRARY_PATH
mail_owner = {owner}
setgid_group = {setgid}
default_privs = nobody
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example.org
mydestination =
mynetworks = 127.0.0.1
alias_maps =
local_recipient_maps =
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = may
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {certificate}
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:box/
virtual_mailbox_base = {folder}
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
"""

# service, type, private, unprivileged, chroot, wakeup, most processes, command
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """`with Postfix() as relay:` `port`, `certificate` (self-made; trust it to use STARTTLS), `mails()`."""

    def __enter__(self) -> Self:
        root = next((root for root in ROOTS if (root / "usr/lib/postfix/sbin/master").exists()), None)
        assert root, "postfix is not there; run tests/install_postfix.sh"
        assert os.geteuid() == 0, "postfix gives each of its processes its own account, so it starts as root only"
        self.folder = Path(tempfile.mkdtemp(prefix="relay-"))
        self.folder.chmod(0o755)  # its processes give up root, and still have to reach the mailbox
        self.port = free_port()
        self.certificate = make_certificate(self.folder)
        programs = root / "usr/lib/postfix/sbin"
        self._lay_out(root, programs)
        self._process = subprocess.Popen(
            [programs / "master", "-d", "-c", self.folder / "etc"],
            env={"PATH": "/usr/sbin:/usr/bin:/bin", "LD_LIBRARY_PATH": str(root / "usr/lib/postfix")},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=(self.folder / "master.log").open("wb"),
        )  # fmt: skip
        try:
            wait_for(self._answers, 60.0, "postfix to greet")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def mails(self) -> list[bytes]:
        """What was delivered, with what postfix put on top of each mail, lines ending in a bare LF."""
        return [path.read_bytes() for path in (self.folder / "box" / "new").glob("*")]

    def count(self) -> int:
        """How many were delivered."""
        return sum(1 for _ in (self.folder / "box" / "new").glob("*"))

    def waiting(self) -> list[str]:
        """What postfix took and has not delivered: its names in the queue."""
        folders = [self.folder / "queue" / name for name in ("incoming", "active", "deferred", "hold", "corrupt")]
        return sorted(path.name for folder in folders for path in folder.rglob("*") if path.is_file())

    def log(self) -> str:
        """What postfix said."""
        found = [self.folder / "master.log", self.folder / "log" / "mail.log"]
        return "\n".join(path.read_text(errors="replace") for path in found if path.exists())

    def _lay_out(self, root: Path, programs: Path) -> None:
        values = {
            "folder": self.folder, "root": root, "programs": programs, "owner": OWNER, "setgid": SETGID,
            "certificate": self.certificate, "uid": MAILBOX_UID, "port": self.port,
        }  # fmt: skip
        for name in ("etc", "queue", "data", "log", "box", *(f"queue/{name}" for name in ("pid", *QUEUES))):
            (self.folder / name).mkdir()
        (self.folder / "etc" / "main.cf").write_text(MAIN.format(**values))
        (self.folder / "etc" / "master.cf").write_text(MASTER.format(**values))
        for name in ("data", *(f"queue/{name}" for name in QUEUES)):
            shutil.chown(self.folder / name, OWNER)
            (self.folder / name).chmod(0o700)
        shutil.chown(self.folder / "queue" / "public", OWNER, SETGID)
        (self.folder / "queue" / "public").chmod(0o710)
        shutil.chown(self.folder / "box", MAILBOX_UID, MAILBOX_UID)

    def _answers(self) -> bool:
        assert self._process.poll() is None, f"postfix ended with {self._process.returncode}\n{self.log()}"
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as line:
                return line.recv(3) == b"220"
        except OSError:
            return False

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder)
