"""How far a search goes: as written in `make test`, and several times as far in `make soak`."""

import os
from collections.abc import Sequence
from typing import Any, TypeVar
from zlib import crc32

import pytest

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


def in_soak(*values: Any) -> list[Any]:
    """Parameters of a test that only `make soak` tries; a tuple is those of one call."""
    calls = (value if isinstance(value, tuple) else (value,) for value in values)
    return [pytest.param(*call, marks=pytest.mark.soak) for call in calls]
