"""One cell of a CSV file on its way through a spreadsheet: kept from running as a formula, and back again."""

import re

_STARTS = "=+\\-@\\t\\r\\n＝＋－＠"
_RUNS = re.compile(f"'*[{_STARTS}]")
_KEPT_BACK = re.compile(f"'+[{_STARTS}]")
MAY_BE_KEPT_BACK = re.compile(f"'[{_STARTS}]")


def neutralised(text: str) -> str:
    """`text` with an apostrophe in front when a spreadsheet would run it; another one when it looks like that already.

    So `restored` gives back exactly what was written, whatever it was.
    """
    return f"'{text}" if _RUNS.match(text) else text


def restored(text: str) -> str:
    """The cell as it was before `neutralised`."""
    return text[1:] if _KEPT_BACK.match(text) else text
