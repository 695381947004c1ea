"""An SMTP server that writes down who got a message: `python sink.py PORT FILE`, until SIGTERM.

One line a recipient, in FILE before the 250 leaves, so that whatever becomes of the sender the file is what happened.
Commands may be pipelined (RFC 2920).
"""

import asyncio
import os
import re
import sys

_PATH = re.compile(rb"<([^<>]*)>")
_END = b"\r\n.\r\n"


class Connection(asyncio.Protocol):
    """One client; takes everything."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._unread = bytearray()
        self._recipients: list[bytes] = []
        self._in_message = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._unread += data
        answers = bytearray()
        while (answer := self._next()) is not None:
            answers += answer
        if answers and not self._transport.is_closing():
            self._transport.write(bytes(answers))

    def _next(self) -> bytes | None:
        if self._in_message:
            return self._message()
        end = self._unread.find(b"\n")
        if end < 0:
            return None
        line = bytes(self._unread[: end + 1]).strip()
        del self._unread[: end + 1]
        return self._command(line)

    def _message(self) -> bytes | None:
        end = self._unread.find(_END)
        if end < 0:
            return None
        del self._unread[: end + len(_END)]
        self._in_message = False
        os.write(self._file, b"".join(recipient + b"\n" for recipient in self._recipients))
        self._recipients.clear()
        return b"250 2.0.0 Ok\r\n"

    def _command(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"EHLO":
            return b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n"
        if verb in (b"MAIL", b"RSET"):
            self._recipients.clear()
        elif verb == b"RCPT":
            found = _PATH.search(line)
            self._recipients.append(found[1] if found else line)
        elif verb == b"DATA":
            self._in_message = True
            return b"354 Go on\r\n"
        elif verb == b"QUIT":
            self._transport.write(b"221 2.0.0 Bye\r\n")
            self._transport.close()
            return b""
        return b"250 2.0.0 Ok\r\n"


async def _main(port: int, path: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(file), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2]))
