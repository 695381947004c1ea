"""Refusals in the shape in which mail servers and services give them; addresses, names and tickets are made up."""

from pathlib import Path

from eventmail.providers.smtp.wire import Reply

OURS = "team@example.org"
GUEST = "guest@guests.example.net"
_FOLDER = Path(__file__).parent.parent / "files" / "answers"


def _read(name: str) -> tuple[tuple[str, str], ...]:
    """(who says it, the answer) of each; in an answer `{us}` is our From address, `{to}` the guest's."""
    blocks = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").strip().split("\n\n")
    parts = (block.partition("\n") for block in blocks)
    return tuple((who.removeprefix("# "), answer) for who, _, answer in parts)


ABOUT_US = _read("about_us")  # nothing in these is about the guest
DEAD = _read("dead")  # each says that nobody is there
FULL = _read("full")  # the guest's mailbox has no room


def filled(answer: str, to: str = GUEST, us: str = OURS) -> str:
    """The answer as the server gives it for these addresses."""
    return answer.replace("{to}", to).replace("{us}", us)


def reply(answer: str, to: str = GUEST, us: str = OURS) -> Reply:
    """The answer as it is read from the wire."""
    lines = filled(answer, to, us).split("\n")
    return Reply(int(lines[0][:3]), tuple(line[4:].encode() for line in lines))


def on_the_wire(answer: str) -> bytes:
    """The answer as a peer sends it; `{to}` stays, for the peer to fill in."""
    lines = answer.replace("{us}", OURS).split("\n")
    *before, last = [line if len(line) > 3 else f"{line} " for line in lines]
    return "".join(f"{line}\r\n" for line in (*before, last)).encode()
