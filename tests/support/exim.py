"""A real exim on 127.0.0.1 that keeps what it takes in one Maildir. See `mail_server`."""

import shutil
from pathlib import Path

from tests.support.clerks import PASSWORD, USER
from tests.support.mail_server import DOMAIN, MailServer, Mode

EXIM, MAILBOX = 2001, 2002  # accounts that only it sees
CONFIGURATION = """\
exim_path = {program}
keep_environment =
primary_hostname = relay.example.org
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
pid_file_path = /var/exim.pid
log_file_path = /var/log/exim4/%slog
never_users = root
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_queue_per_connection = 0
smtp_accept_max = 50
tls_advertise_hosts = *
tls_certificate = /etc/exim4/server.pem
auth_advertise_hosts = ${{if def:tls_in_cipher {{*}}{{}}}}
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
domainlist ours = {domain}

begin acl
check_rcpt:
{against}
  deny message = 552 5.2.2 Mailbox is full
       local_parts = ^full
  defer message = 451 4.7.1 Greylisted, please come back
        local_parts = ^grey
        condition = ${{if match{{\\
          ${{readsocket{{inet:127.0.0.1:{greylist}}}{{recipient=$local_part@$domain\\n\\n}}{{5s}}}}\\
          }}{{DEFER}}}}
  require verify = recipient
  accept
check_data:
{at_end}
  accept

begin routers
nobody:
  driver = redirect
  local_parts = ^gone : ^team
  allow_fail
  data = :fail: Unknown user
mailbox:
  driver = accept
  domains = +ours
  transport = mailbox

begin transports
mailbox:
  driver = appendfile
  maildir_format
  directory = {box}
  create_directory = false
  envelope_to_add
  user = mailbox

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
"""
NO_RELAY = """\
  require message = relay not permitted
          domains = +ours"""
AGAINST = {
    Mode.OPEN: NO_RELAY,
    Mode.ORDINARY: f"  require authenticated = *\n{NO_RELAY}",
    Mode.SPAM: NO_RELAY,
    Mode.SENDER: f"  require message = Sender verify failed\n          verify = sender\n{NO_RELAY}",
    Mode.NO_RELAY: NO_RELAY,
}


class Exim(MailServer):
    """`with Exim(Mode.ORDINARY) as server: …`."""

    name = "exim"
    program = "usr/sbin/exim4"

    def _command(self) -> list[str | Path]:
        etc = self._own_etc({"Debian-exim": EXIM, "mailbox": MAILBOX})
        (etc / "exim4").mkdir()
        shutil.copyfile(self.certificate, etc / "exim4" / "server.pem")
        shutil.chown(etc / "exim4" / "server.pem", EXIM)
        (etc / "exim4" / "exim4.conf").write_text(
            CONFIGURATION.format(
                program=self.root / self.program, port=self.port, box=self.box, user=USER, password=PASSWORD,
                greylist=self.clerks.greylist,
                domain="elsewhere.example.net" if self.mode == Mode.NO_RELAY else DOMAIN,
                against=AGAINST[self.mode],
                at_end="  deny message = Spam message rejected" if self.mode == Mode.SPAM else "",
            )
        )  # fmt: skip
        for name in ("var", "var/spool", "var/log", "var/run", "var/spool/exim4", "var/log/exim4"):
            (self.folder / name).mkdir()
        for name in ("var/spool/exim4", "var/log/exim4"):
            shutil.chown(self.folder / name, EXIM, EXIM)
        for path in (self.box, *(self.box / name for name in ("new", "cur", "tmp"))):
            path.mkdir()
            shutil.chown(path, MAILBOX, MAILBOX)
        binds = {etc: "/etc", self.folder / "var": "/var"}
        return self._seeing(binds, [self.root / self.program, "-bdf", "-q1m"])

    def _queues(self) -> list[Path]:
        return [self.folder / "var/spool/exim4/input"]

    def _logs(self) -> list[Path]:
        return [*super()._logs(), *(self.folder / "var/log/exim4").glob("*log")]
