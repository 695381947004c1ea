"""A turn of a worker that a test plays or arms lasts as long as a busy box needs, so no group of mails is cut short."""

from eventmail.sending import drain
from eventmail.sending.account_mails import delivery

SECONDS = 60.0


def lengthen() -> None:
    """Every turn of this process from now on; tests of its end set it."""
    drain.TURN_SECONDS = delivery.TURN_SECONDS = SECONDS
