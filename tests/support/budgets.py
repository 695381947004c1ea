"""How far a search goes: as written in `make test`, and several times as far in `make soak`."""

import os
from collections.abc import Sequence
from typing import TypeVar
from zlib import crc32

T = TypeVar("T")


def soaking() -> bool:
    """Whether `make soak` runs."""
    return "SOAK" in os.environ


def budget(examples: int, *, soaked: int = 0) -> int:
    """`examples`; with SOAK in the environment that many times `soaked`, or `examples` where that is not given."""
    return (soaked or examples) * int(os.environ["SOAK"]) if soaking() else examples


def each_in_soak(choices: Sequence[T]) -> Sequence[T]:
    """All `choices` in `make soak`; else the one that falls to the running test: another for another test."""
    test = os.environ["PYTEST_CURRENT_TEST"].encode()
    return choices if soaking() else [choices[crc32(test) % len(choices)]]
