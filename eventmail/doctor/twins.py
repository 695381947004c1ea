"""Addresses that look the same and stand in two rows, since their Unicode forms differ.

The migration composed all addresses except those whose composed form had a row already: people have to say which of the
two rows is right.
"""

import sqlite3
from collections.abc import Iterator

from eventmail.db import sqlite
from eventmail.doctor.finding import Finding, Level
from eventmail.value_parsing import composed

_KEPT = {
    "suppression": ("on the do-not-mail list", "Both count, so nobody is mailed who asked not to be. Take one off."),
    "recipient": ("among those who get one message", "Open the message and cancel the one that still waits."),
    "user": ("among the accounts", "Remove one of the two accounts on the people page."),
    "invitation": ("among the invitations", "Take back one of the two invitations on the people page."),
}


def twins(connection: sqlite3.Connection) -> Iterator[Finding]:
    """A remark for each table that still holds an address in another form than the composed one."""
    for table, (where, to_do) in _KEPT.items():
        found = sum(composed(address) != address for address in sqlite.beyond_ascii(connection, table, "address"))
        if found:
            what = "1 address stands" if found == 1 else f"{found} addresses stand"
            yield Finding(f"{what} {where} twice, in two Unicode forms", Level.REMARK, to_do)
