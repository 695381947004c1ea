"""How a guest's value is read for comparing: text without case, numbers and dates as spreadsheets write them.

Every database connection has these functions, too, so that a rule means the same in SQL.
"""

import re
import unicodedata
from datetime import date

# C0 (without blanks), DEL, C1, zero-width characters that only hide, bidi overrides, lone surrogates.
CONTROLS = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u180e\u200b\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# Words need joiners and combining marks, but a value of nothing else is invisible.
_VISIBLE = re.compile("[^\u00ad\u034f\u200c-\u200f\ufe00-\ufe0f ]")
LONGEST = 64  # of a number or a date

_BLANK = "[ \u00a0\u202f'’]"
_NUMBER = re.compile(
    rf"[+\-−]?(?:[0-9]+(?:[.,][0-9]+)?|[0-9]{{1,3}}(?:{_BLANK}[0-9]{{3}})+(?:[.,][0-9]+)?"
    r"|[0-9]{1,3}(?:\.[0-9]{3}){2,}|[0-9]{1,3}(?:,[0-9]{3}){2,}"
    r"|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+)"
)
_CLOCK = r"(?:[T ]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?(?:Z|[+\-][0-9]{2}:?[0-9]{2}))?)?"
_ISO = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})" + _CLOCK)
_GERMAN = re.compile(r"(?P<day>[0-9]{1,2})\. ?(?P<month>[0-9]{1,2})\. ?(?P<year>[0-9]{4})" + _CLOCK)
_UNREAD_DAY = re.compile(r"([0-9]{1,2})([/.\-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})" + _CLOCK)
_THOUSANDS = re.compile(r"[+\-−]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_EXACT_DIGITS = 15  # a float tells numbers of so many digits apart


def clean_value(value: str | None) -> str:
    """Returns a value as one line without control characters, blanks collapsed and trimmed; "" for None (C3, C4)."""
    if not value:
        return ""
    text = " ".join(CONTROLS.sub("", value).split())
    return text if _VISIBLE.search(text) else ""


def visible(text: str) -> str:
    """Returns `text` without control characters but with its line ends, as a page may repeat it."""
    return CONTROLS.sub("", text)


def composed(text: str) -> str:
    """Returns `text` in NFC, the form in which tags, columns and addresses are kept."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def name_key(text: str) -> str:
    """Returns the form in which names are compared: NFC, without case. "Café" equals "CAFÉ" in either Unicode form."""
    return text.lower() if text.isascii() else composed(composed(text).casefold())


def spellings(text: str) -> tuple[str, ...]:
    """Returns `text` as it is, in NFC and in NFD, each once: a text that is kept as typed may hold any of them."""
    forms = (text, composed(text), text if text.isascii() else unicodedata.normalize("NFD", text))
    return tuple(dict.fromkeys(forms))


def folded(text: str | None) -> str | None:
    """Returns the form in which texts are compared: without case, blanks collapsed. "MÜLLER" is never "muller"."""
    if text is None:
        return None
    if text.isascii():
        return " ".join(text.lower().split())
    # Composed before and after casefold, since accents may be combining marks on either side.
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(plain.split())


def number(text: str | None) -> float | None:
    """Returns the number in `text`, or None: 7, -1.5, 1,5, 1 234,50, 1.234,50, 1,234.50, 1'234, 1.234.567.

    A single point or comma is the decimal separator, so 1.234 and 1,234 are a little over one.
    """
    if text is None or len(text) > LONGEST or not _NUMBER.fullmatch(text := text.strip()):
        return None
    plain = re.sub(_BLANK, "", text).replace("−", "-")
    separators = [sign for sign in plain if sign in ".,"]
    if len(separators) > 1:
        plain = plain.replace(separators[0], "")  # it separates thousands
    return float(plain.replace(",", "."))


def day(text: str | None) -> str | None:
    """Returns the day in `text` as YYYY-MM-DD, or None: 2027-05-01, 1.5.2027, 01.05.2027, with or without a time.

    Years of two digits and days with slashes are ambiguous, so they are no days.
    """
    if text is None or len(text) > LONGEST:
        return None
    found = _ISO.fullmatch(text.strip()) or _GERMAN.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"])).isoformat()
    except ValueError:
        return None


def equal_number(text: str) -> float | None:
    """Returns the number by which `text` equals others, or None. A long one has none: a float mixes neighbours up."""
    return number(text) if sum(sign.isdigit() for sign in text) <= _EXACT_DIGITS else None


def equal_day(text: str) -> str | None:
    """Returns the day by which `text` equals others, or None. A text with a time has none."""
    return None if ":" in text else day(text)


def thousands(text: str) -> str | None:
    """Returns "1000" for "1,000" and "1.000", which may mean a thousand but which `number` reads as one; else None."""
    text = text.strip()
    return re.sub("[.,]", "", text) if _THOUSANDS.fullmatch(text) else None


def unread_days(text: str) -> tuple[str, ...]:
    """Returns the possible days of a date that `day` does not read, day first and then month first; () without any.

    Examples are 05/01/2027, 5-1-2027 and 1.5.27. Points mean day first; years of two digits are of this century.
    """
    found = _UNREAD_DAY.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if found is None or day(text):
        return ()
    first, sign, second, year = found.groups()
    whole = year if len(year) == 4 else f"20{year}"
    orders = [(second, first)] if sign == "." else [(second, first), (first, second)]
    meant = (day(f"{whole}-{month}-{of_month}") for month, of_month in orders)
    return tuple(dict.fromkeys(each for each in meant if each))
