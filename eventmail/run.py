"""Starting the processes. The Procfile is their only list."""

import http.client
import json
import os
import signal
import socket
import sys
import sysconfig
import threading
from collections.abc import Mapping
from types import FrameType
from typing import NoReturn

import click
from honcho.environ import parse_procfile
from honcho.manager import SIGNALS, Manager
from honcho.printer import Message

from eventmail import ROOT
from eventmail.exit_with_parent import STARTED_BY
from eventmail.settings import PREFIX, Settings, for_children

PATIENCE_SECONDS = 30.0
_ANYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  to ask our own server, not to listen


class CannotStart(Exception):
    """A process can't begin; the sentence says why and what to do."""


def become(name: str, settings: Settings) -> NoReturn:
    """Replace this process by the Procfile's `name`, so that SIGTERM reaches the server itself."""
    command = _procfile()[name]
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve("/bin/sh", ["sh", "-c", f"exec {command}"], _environment(settings))  # noqa: S606  the Procfile is ours


def run_all(settings: Settings, sentence: str) -> int:
    """Run all processes until a signal (returns 0) or one ends (CannotStart); prints `sentence` once web answers."""
    manager = _Manager(settings, sentence)
    for name, command in _procfile().items():
        environment = {**_environment(settings), STARTED_BY: str(os.getpid())}
        manager.add_process(name, f"exec {command}", env=environment, cwd=str(ROOT))
    signal.signal(signal.SIGHUP, _end)  # the terminal was closed
    manager.loop()
    if manager.returncode in {signal["rc"] for signal in SIGNALS.values()}:
        click.echo("Stopped.")
        return 0
    raise CannotStart(_ending(manager.first_to_end, manager.returncode))


def _ending(name: str, code: int) -> str:
    """The sentence about the process that ended first; a negative `code` is the signal that killed it."""
    if code < 0:
        killed = f"{name} was ended by signal {-code} ({signal.strsignal(-code)}), so everything was stopped."
        return f"{killed} If nobody sent it, the log of this box may say why: often memory ran out."
    return f"{name} ended by itself, so everything was stopped. The lines above say why."


def _end(_signal: int, _frame: FrameType | None) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def check_port(settings: Settings) -> None:
    """Raises CannotStart when nothing can listen on the host and port of the settings."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    another = settings.port + 1 if settings.port < 65535 else settings.port - 1
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
            listener.listen(1)
        except OSError as error:
            raise CannotStart(
                f"eventmail can't listen on {settings.host}, port {settings.port}: {error.strerror or error}. "
                f"Stop what runs there, or choose another port, for example {PREFIX}PORT={another}."
            ) from None


def _procfile() -> Mapping[str, str]:
    commands: Mapping[str, str] = parse_procfile((ROOT / "Procfile").read_text()).processes
    return commands


def _environment(settings: Settings) -> dict[str, str]:
    """The environment of a process, the same wherever this one was started."""
    return {
        **os.environ,
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)]),
        **for_children(),
        f"{PREFIX}INSTANCE": str(settings.instance),
        f"{PREFIX}HOST": settings.host,
        f"{PREFIX}PORT": str(settings.port),
    }


class _Manager(Manager):  # type: ignore[misc]  # honcho comes without types
    """Honcho's manager without its own messages: only our sentences and the lines of the processes are printed."""

    def __init__(self, settings: Settings, sentence: str) -> None:
        super().__init__(printer=_PassThrough())
        self.first_to_end = ""
        self._settings = settings
        self._sentence = sentence
        self._asked_early = False

    def terminate(self) -> None:
        """Terminate once honcho knows the ids of all its children: a signal may come earlier."""
        if self._all_started():
            super().terminate()
        else:
            self._asked_early = True

    def _start(self) -> None:
        super()._start()
        threading.Thread(target=self._welcome, name="welcome", daemon=True).start()

    def _system_print(self, data: str) -> None:
        if " stopped " in data and not self.first_to_end:
            self.first_to_end = data.split(maxsplit=1)[0]
        if self._asked_early and self._all_started():
            super().terminate()

    def _welcome(self) -> None:
        pause, waited = threading.Event(), 0.0
        while not self._terminating:
            if _healthy(self._settings):
                click.echo(self._sentence)
                return
            if waited >= PATIENCE_SECONDS:
                click.echo("The web process does not answer yet. The lines above may say why.", err=True)
                waited = 0.0
            waited += 0.1
            pause.wait(0.1)


class _PassThrough:
    """Writes log lines to stderr, each after the name of its process."""

    width = 0

    def write(self, message: Message) -> None:
        text = message.data.decode("utf-8", "replace") if isinstance(message.data, bytes) else message.data
        for line in text.splitlines():
            sys.stderr.write(f"{message.name} | {line}\n")
        sys.stderr.flush()


def _healthy(settings: Settings) -> bool:
    """Whether our own web process answers. Asks it directly, past any proxy that the environment names."""
    connection = http.client.HTTPConnection(_ANYWHERE.get(settings.host, settings.host), settings.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status == 200 and bool(json.load(answer).get("instance") == settings.instance.name)
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
