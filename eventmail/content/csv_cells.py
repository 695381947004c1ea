"""Cells of CSV files that no spreadsheet runs as a formula, and the way back.

In countries with a decimal comma a spreadsheet cuts the file at semicolons, also inside a cell, and then ends a row at
a line break inside a cell. So text behind one of these is treated like the beginning of a cell.
"""

import re

_SIGNS = "=+\\-@＝＋－＠"
_STARTS = f"{_SIGNS}\\t\\r\\n"
_RUNS = re.compile(f"(?:^(?='*[{_STARTS}])|(?<=[;\\t\\r\\n])(?='*[{_SIGNS}]))")
_KEPT_BACK = re.compile(f"(?:^'(?='*[{_STARTS}])|(?<=[;\\t\\r\\n])'(?='*[{_SIGNS}]))")
MAY_BE_KEPT_BACK = re.compile(f"'[{_STARTS}]")


def neutralised(text: str) -> str:
    """Returns `text` with an apostrophe wherever a spreadsheet would run a formula, or where one stands already.

    So `restored` gives back exactly what was written.
    """
    return _RUNS.sub("'", text)


def restored(text: str) -> str:
    """Returns the cell as it was before `neutralised`."""
    return _KEPT_BACK.sub("", text)
