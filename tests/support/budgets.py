"""How far a search goes: as written in `make test`, and several times as far in `make soak`."""

import os


def budget(examples: int) -> int:
    """`examples`, times what SOAK says in the environment; once without it."""
    return examples * int(os.environ.get("SOAK", "1"))
