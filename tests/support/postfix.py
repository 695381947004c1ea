"""A real postfix on 127.0.0.1 that takes mail for everybody and keeps it in one Maildir.

Its programs come from the package, installed or only unpacked (tests/install_mail_server.sh). Configuration, queue and
mailbox lie in a folder of their own, so that nothing of this box is used but two of the accounts every Debian has.
"""

import re
import shutil
from pathlib import Path

from tests.support.mail_server import DOMAIN, MailServer, Mode

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
virtual_mailbox_base = {folder}
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
"""
# What stands further down counts. See `_once` for what would happen if both stood in the file.
SCENARIO = """\
virtual_mailbox_domains = {domain}, organizers.example.org
virtual_mailbox_maps = regexp:{folder}/etc/boxes
smtpd_recipient_restrictions =
    reject_unauth_destination
    check_recipient_access regexp:{folder}/etc/full
    check_policy_service inet:127.0.0.1:{greylist}
smtpd_relay_restrictions = permit
"""
SIGNED_IN = """\
mynetworks =
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sign_in}
smtpd_tls_auth_only = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject
"""
AGAINST = {
    Mode.OPEN: "",
    Mode.ORDINARY: SCENARIO + SIGNED_IN,
    Mode.SPAM: f"{SCENARIO}body_checks = regexp:{{folder}}/etc/spam\n",
    Mode.SENDER: f"{SCENARIO}smtpd_sender_restrictions = reject_unlisted_sender\n",
    Mode.NO_RELAY: SCENARIO,
}
TABLES = {
    "boxes": "!/^(gone|team@)/ box/\n",
    "full": "/^full/ 552 5.2.2 Mailbox is full\n",
    "spam": "/./ REJECT Spam message rejected\n",
}

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


class Postfix(MailServer):
    """`with Postfix() as relay:` takes everybody's mail for everybody; see `mail_server` for the other modes."""

    name = "postfix"
    program = "usr/lib/postfix/sbin/master"

    def _command(self) -> list[str | Path]:
        programs = (self.root / self.program).parent
        self._lay_out(self.root, programs)
        return [programs / "master", "-d", "-c", self.folder / "etc"]

    def _environment(self) -> dict[str, str]:
        return {"LD_LIBRARY_PATH": str(self.root / "usr/lib/postfix")}

    def _queues(self) -> list[Path]:
        return [self.folder / "queue" / name for name in ("incoming", "active", "deferred", "hold", "corrupt")]

    def _logs(self) -> list[Path]:
        return [*super()._logs(), self.folder / "log" / "mail.log"]

    def _lay_out(self, root: Path, programs: Path) -> None:
        values = {
            "folder": self.folder, "root": root, "programs": programs, "owner": OWNER, "setgid": SETGID,
            "certificate": self.certificate, "uid": MAILBOX_UID, "port": self.port,
            "domain": "elsewhere.example.net" if self.mode == Mode.NO_RELAY else DOMAIN,
            "greylist": self.clerks.greylist, "sign_in": self.clerks.sign_in,
        }  # fmt: skip
        for name in ("etc", "queue", "data", "log", "box", *(f"queue/{name}" for name in ("pid", *QUEUES))):
            (self.folder / name).mkdir()
        (self.folder / "etc" / "main.cf").write_text(_once((MAIN + AGAINST[self.mode]).format(**values)))
        for name, lines in TABLES.items():
            (self.folder / "etc" / name).write_text(lines)
        (self.folder / "etc" / "master.cf").write_text(MASTER.format(**values))
        for name in ("data", *(f"queue/{name}" for name in QUEUES)):
            shutil.chown(self.folder / name, OWNER)
            (self.folder / name).chmod(0o700)
        shutil.chown(self.folder / "queue" / "public", OWNER, SETGID)
        (self.folder / "queue" / "public").chmod(0o710)
        shutil.chown(self.folder / "box", MAILBOX_UID, MAILBOX_UID)


def _once(configuration: str) -> str:
    """Each parameter once, as it stands last.

    Postfix warns of the others in each of its processes. Together they fill the socket of postlogd, which waits for
    itself then, and nobody is greeted.
    """
    parameters: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", configuration.strip()):
        parameters[entry.partition("=")[0].strip()] = entry
    return "\n".join(parameters.values()) + "\n"
