"""A TCP proxy that holds back each direction: `python slow_line.py PORT TARGET_PORT DELAY_MS`, until SIGTERM."""

import asyncio
import sys
from collections.abc import Callable


class _Side(asyncio.Protocol):
    """One side of a connection; what it reads is written to the other side `delay` seconds later, in order."""

    def __init__(self, delay: float, on_open: "Callable[[_Side], None] | None" = None) -> None:
        self._delay = delay
        self._on_open = on_open
        self._early: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self.other: _Side | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self._on_open:
            self._on_open(self)

    def data_received(self, data: bytes) -> None:
        self._loop.call_later(self._delay, self._pass_on, data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._loop.call_later(self._delay, self._hang_up)

    def write(self, data: bytes) -> None:
        if self.transport and not self.transport.is_closing():
            self.transport.write(data)

    def _pass_on(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
        else:
            self.other.write(data)

    def joined(self, other: "_Side") -> None:
        self.other = other
        for data in self._early:
            other.write(data)
        self._early.clear()

    def _hang_up(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.close()


async def _main(port: int, target: int, delay: float) -> None:
    loop = asyncio.get_running_loop()
    opening: set[asyncio.Task[None]] = set()

    async def connect(client: _Side) -> None:
        _, server = await loop.create_connection(lambda: _Side(delay), "127.0.0.1", target)
        server.joined(client)
        client.joined(server)

    def opened(client: _Side) -> None:
        task = loop.create_task(connect(client))
        opening.add(task)
        task.add_done_callback(opening.discard)

    server = await loop.create_server(lambda: _Side(delay, opened), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000))
