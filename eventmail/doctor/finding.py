"""One thing that was found, how much it matters, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters: nothing to do, good to know, to be put right."""

    OK = "ok"
    REMARK = "remark"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """What was found, how much it matters, and what to do about it."""

    what: str
    level: Level = Level.OK
    to_do: str = ""
