"""Passwords: Argon2id, slow on purpose, so never inside a transaction."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from eventmail.errors import FieldError

SHORTEST = 12
_hasher = PasswordHasher()

# A hash nobody's password has, so that an unknown address costs the same time as a wrong password. Written down,
# since making one takes longer than all the rest of a start; its parameters are those of `_hasher`.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$tKRkcyvNJq0OWzPhMDSCCg$6Ig+MfDVNrZOZxrezFN9l+V9Kqi1aTXmzAtN/Cwr79U"


def hashed(password: str) -> str:
    """The hash to store."""
    return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`; in the same time, and False, when there is none."""
    try:
        _hasher.verify(stored or _NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return stored is not None


def complaints(password: str, field: str = "password") -> list[FieldError]:
    """What is wrong with a new password."""
    short = FieldError(field, "TOO_SHORT", f"Use at least {SHORTEST} characters.")
    return [short] if len(password) < SHORTEST else []
