"""Passwords: their Argon2id hashes, slow on purpose, so never made in a transaction; and which ones are refused."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from eventmail.errors import FieldError

SHORTEST = 12
COMMON = "This is too easy to guess: others use it, or it is one word or row of keys. Take a few unrelated words."
OWN = "This is made of your own name or address, which is what somebody would try first. Take a few unrelated words."
_hasher = PasswordHasher()

# Nobody's hash: checking it makes an unknown address take as long as a wrong password. It is a constant, since making
# one is the slowest part of a start; its parameters are those of `_hasher`.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$tKRkcyvNJq0OWzPhMDSCCg$6Ig+MfDVNrZOZxrezFN9l+V9Kqi1aTXmzAtN/Cwr79U"

_LISTED = Path(__file__).with_name("common_passwords.txt")
_ROWS = (
    "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn",
    "abcdefghijklmnopqrstuvwxyz" * 2, "1234567890" * 3, "0123456789" * 3, "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p", "!@#$%^&*()_+", "!\"§$%&/()=?",
)  # fmt: skip
_LOOKS_LIKE = str.maketrans("@431!05$7", "aaeiiosst")
_MOST_WORDS = 2  # few people try three common words in a row
_ENOUGH = 4  # characters beside the guessable part
_A_ROW = 7
_A_YEAR = 4  # digits that are worth nothing
_LONGEST_READ = 200


def hashed(password: str) -> str:
    """The hash to store."""
    return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` belongs to the hash `stored`; False, in the same time, without one."""
    try:
        _hasher.verify(stored or _NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return stored is not None


def complaints(password: str, *, own: Sequence[str] = (), field: str = "password") -> list[FieldError]:
    """The faults of a new password; `own` are the name and the address of its owner."""
    if len(password) < SHORTEST:
        return [FieldError(field, "TOO_SHORT", f"Use at least {SHORTEST} characters.")]
    folded = _folded(password)[:_LONGEST_READ]
    if _is_own(folded, own):
        return [FieldError(field, "OWN_NAME", OWN)]
    if _is_common(folded):
        return [FieldError(field, "COMMON", COMMON)]
    return []


def _is_own(folded: str, own: Sequence[str]) -> bool:
    parts = {part for text in own for part in re.split(r"[\W_]+", _folded(text)) if len(part) > 2}
    return bool(parts) and _left(folded, parts) < _ENOUGH and any(part in folded for part in parts)


def _is_common(folded: str) -> bool:
    """Reads the list from its file each time, since it is rarely needed and would take up memory."""
    core = _core(folded)
    if _repeats(folded) or (len(core) > _ENOUGH and _repeats(core)) or _is_row(folded):
        return True
    listed = frozenset(line for line in _LISTED.read_text().splitlines() if not line.startswith("#"))
    for read in (folded, folded.translate(_LOOKS_LIKE)):
        words = _words_in(read, listed)
        if read in listed or _core(read) in listed or (words and _left(read, words) < _ENOUGH):
            return True
    return False


def _core(folded: str) -> str:
    """`folded` without the digits and signs at both ends."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded)


def _is_row(folded: str) -> bool:
    keys = re.sub(r"[\W_]+", "", folded)
    read = {folded, *([keys] if len(keys) > _A_ROW else [])}
    return any(keys in row or keys[::-1] in row for keys in read for row in _ROWS)


def _words_in(folded: str, listed: Collection[str]) -> list[str]:
    """The longest listed words that `folded` is made of, at most _MOST_WORDS."""
    found: list[str] = []
    rest = folded
    while len(found) < _MOST_WORDS:
        spans = ((start, end) for start in range(len(rest)) for end in range(start + 4, min(start + 20, len(rest)) + 1))
        longest = max((rest[a:b] for a, b in spans if rest[a:b] in listed), key=len, default="")
        if not longest:
            break
        found.append(longest)
        rest = rest.replace(longest, " ")
    return found


def _left(folded: str, parts: Collection[str]) -> int:
    """How many characters are left to guess without `parts`: letters, and digits beyond a year; signs don't count."""
    for part in sorted(parts, key=len, reverse=True):
        folded = folded.replace(part, " ")
    digits = sum(sign.isdigit() for sign in folded)
    return sum(sign.isalpha() for sign in folded) + max(0, digits - _A_YEAR)


def _repeats(folded: str) -> bool:
    """Whether the text repeats one short piece; the last one may be cut."""
    return any((folded[:size] * len(folded)).startswith(folded) for size in range(1, len(folded) // 2 + 1))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
