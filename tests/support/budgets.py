"""How far a search goes: as written in `make test`, and several times as far in `make soak`."""

import os


def budget(examples: int, *, soaked: int = 0) -> int:
    """`examples`; with SOAK in the environment that many times `soaked`, or `examples` where that is not given."""
    soak = os.environ.get("SOAK")
    return (soaked or examples) * int(soak) if soak else examples
