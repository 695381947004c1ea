"""A real OpenSMTPD on 127.0.0.1 that keeps what it takes in one Maildir. See `mail_server`.

What it has no words of its own for, a filter refuses (smtpd-filters(7)): greylisting, a full mailbox, the sender, spam.
It offers neither encryption nor a sign-in here: in Debian's build (6.8.0p2 with OpenSSL 3) every handshake fails for
want of the private key, whatever its kind, and without encryption it offers no sign-in.
"""

import shutil
import sys
from pathlib import Path

from tests.support.mail_server import DOMAIN, MailServer, Mode

SMTPD, SMTPQ, MAILBOX = 2001, 2002, 2003  # accounts that only it sees
CONFIGURATION = """\
table users file:{folder}/etc/users
proc "clerk" "{python} {folder}/etc/clerk.py {mode}" user root
filter "clerk" proc "clerk"
listen on 127.0.0.1 port {port} hostname relay.example.org filter "clerk"
action "mailbox" maildir "{box}" virtual <users>
match from any for domain "{domain}" action "mailbox"
"""
CLERK = r"""
import sys

mode, seen = sys.argv[1], set()

def decision(phase, value):
    if phase == "mail-from":
        return "reject|550 5.1.8 Sender address rejected" if mode == "SENDER" else "proceed"
    if phase == "commit":
        return "reject|550 5.7.1 Spam message rejected" if mode == "SPAM" else "proceed"
    value = value.strip("<>")
    if value.startswith("full"):
        return "reject|552 5.2.2 Mailbox is full"
    if value.startswith("grey") and value not in seen:
        seen.add(value)
        return "reject|451 4.7.1 Greylisted, please come back"
    return "proceed"

for line in sys.stdin:
    word, *values = line.rstrip("\n").split("|")
    if word == "config" and values == ["ready"]:
        for phase in ("mail-from", "rcpt-to", "commit"):
            print("register|filter|smtp-in|" + phase, flush=True)
        print("register|ready", flush=True)
    elif word == "filter":
        phase, session, token = values[3:6]
        print(f"filter-result|{session}|{token}|{decision(phase, '|'.join(values[6:]))}", flush=True)
"""


class OpenSmtpd(MailServer):
    """`with OpenSmtpd(Mode.ORDINARY, known) as server: …`. Whom `known` does not name is unknown to it."""

    name = "opensmtpd"
    program = "usr/sbin/smtpd"

    def _command(self) -> list[str | Path]:
        etc = self._own_etc({"opensmtpd": SMTPD, "opensmtpq": SMTPQ, "mailbox": MAILBOX})
        (etc / "users").write_text("".join(f"{address}: mailbox\n" for address in self.known))
        (etc / "clerk.py").write_text(CLERK)
        (etc / "smtpd.conf").write_text(
            CONFIGURATION.format(
                folder=self.folder, box=self.box, port=self.port, python=Path(sys.executable).resolve(),
                mode=self.mode.name,
                domain="elsewhere.example.net" if self.mode == Mode.NO_RELAY else DOMAIN,
            ).replace(str(etc), "/etc")
        )  # fmt: skip
        for name in ("var/spool/smtpd", "var/lib/opensmtpd/empty", "var/run", "var/mail"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "var/spool/smtpd").chmod(0o711)
        self.box.mkdir()
        shutil.chown(self.box, MAILBOX, MAILBOX)
        binds = {etc: "/etc", self.folder / "var": "/var"}
        if self.root != Path("/"):
            binds[self.root / "usr/libexec"] = "/usr/libexec"
        return self._seeing(binds, [self.root / self.program, "-d", "-f", "/etc/smtpd.conf"])

    def _queues(self) -> list[Path]:
        return [self.folder / "var/spool/smtpd" / name for name in ("queue", "incoming")]
