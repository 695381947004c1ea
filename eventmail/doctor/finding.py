"""The shape of a finding."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The weight of a finding: nothing to do, good to know, to be repaired."""

    OK = "ok"
    REMARK = "remark"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One result of a check: a sentence, its weight, and what to do about it."""

    what: str
    level: Level = Level.OK
    to_do: str = ""
