"""Who is asked by the real mail servers of the tests: a greylist, and whether a password is right.

Postfix asks in its policy protocol (SMTPD_POLICY_README) and in Dovecot's for sign-ins; exim asks in the former, too.
"""

import socketserver
import threading
from base64 import b64decode
from collections.abc import Callable

USER, PASSWORD = "team", "word"  # whom the servers take mail from
SIGN_IN = b"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t%032d\nDONE\n" % 0


class Clerks:
    """Two ports on 127.0.0.1, `greylist` and `sign_in`."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._servers = [_server(self._greylisting), _server(_signing_in)]
        self.greylist, self.sign_in = [server.server_address[1] for server in self._servers]

    def end(self) -> None:
        """Answer nobody any more."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _greylisting(self, handler: socketserver.StreamRequestHandler) -> None:
        asked: dict[str, str] = {}
        for line in handler.rfile:
            name, _, value = line.decode().rstrip("\n").partition("=")
            if name:
                asked[name] = value
                continue
            who = asked["recipient"]
            is_new = who.startswith("grey") and who not in self._seen
            self._seen.add(who)
            handler.wfile.write(
                b"action=DEFER 4.7.1 Greylisted, please come back\n\n" if is_new else b"action=DUNNO\n\n"
            )


def _signing_in(handler: socketserver.StreamRequestHandler) -> None:
    handler.wfile.write(SIGN_IN)
    for line in handler.rfile:
        word, *values = line.decode().rstrip("\n").split("\t")
        if word == "AUTH":
            given = next(value for value in values if value.startswith("resp=")).removeprefix("resp=")
            right = b64decode(given) == f"\0{USER}\0{PASSWORD}".encode()
            handler.wfile.write(f"{'OK' if right else 'FAIL'}\t{values[0]}\tuser={USER}\n".encode())


def _server(work: Callable[[socketserver.StreamRequestHandler], None]) -> socketserver.ThreadingTCPServer:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            work(self)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server
