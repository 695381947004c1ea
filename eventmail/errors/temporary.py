"""Refusals that end by themselves, so that another try is worth it: 429, 503."""

from eventmail.errors.base import DomainError


class RateLimited(DomainError):
    code = "RATE_LIMITED"
    status = 429
    title = "Too many tries"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """The database does not work right now. Each write is one transaction, so nothing was changed."""

    code = "UNAVAILABLE"
    status = 503
    title = "The database cannot be used right now"
    sentence = (
        "The database could not be read or written. Nothing was changed or sent. Whoever runs this "
        "installation has to look at its disk and at the rights on its folder; then try again."
    )
    retry_after = 30


class Busy(Unavailable):
    code = "BUSY"
    title = "The database is busy"
    sentence = "Something else keeps the database busy. Nothing was changed or sent. Wait a moment and try again."
    retry_after = 5


class DiskFull(Unavailable):
    code = "DISK_FULL"
    title = "The disk is full"
    sentence = "There is no room left on the disk. Nothing was changed or sent. Whoever runs this has to make room."
