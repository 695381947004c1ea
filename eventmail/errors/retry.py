"""Refusals that are over by themselves: 429, 503. It is worth another try."""

from typing import ClassVar

from eventmail.errors.base import DomainError


class RateLimited(DomainError):
    """`retry_after`: in so many seconds it is worth another try."""

    code = "RATE_LIMITED"
    status = 429
    title = "Too many tries"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail, retry_after=retry_after)


class Unavailable(DomainError):
    """The database does not serve now; each write is one transaction, so nothing was changed."""

    code = "UNAVAILABLE"
    status = 503
    title = "The database cannot be used right now"
    sentence = (
        "The database could not be read or written. Nothing was changed or sent. Whoever runs this "
        "installation has to look at its disk and at the rights on its folder; then try again."
    )
    after_seconds: ClassVar[int] = 30

    def __init__(self) -> None:
        super().__init__(retry_after=self.after_seconds)


class Busy(Unavailable):
    code = "BUSY"
    title = "The database is busy"
    sentence = "Something else keeps the database busy. Nothing was changed or sent. Wait a moment and try again."
    after_seconds = 5


class DiskFull(Unavailable):
    code = "DISK_FULL"
    title = "The disk is full"
    sentence = "There is no room left on the disk. Nothing was changed or sent. Whoever runs this has to make room."
