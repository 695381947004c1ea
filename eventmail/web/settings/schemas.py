"""Whether mail may leave this installation."""

from typing_extensions import TypedDict


class LiveOut(TypedDict):
    """Whether mail may leave this database, or an owner has to confirm first that it is no copy."""

    live: bool


class ConfirmedOut(LiveOut):
    """Confirmed; `in_doubt` mails waited in the copy and may have been sent before.

    The time of `missed` scheduled messages was over; they were not started, since they may have been sent, too.
    """

    in_doubt: int
    missed: int
