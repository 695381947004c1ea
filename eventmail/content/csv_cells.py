"""One cell of a CSV file on its way through a spreadsheet: kept from running as a formula, and back again.

A spreadsheet of a country that writes decimals with a comma cuts the file at semicolons, also inside a cell, and then
takes a line break inside a cell for the end of a row. So what stands behind one of these is looked at like a beginning.
"""

import re

_SIGNS = "=+\\-@＝＋－＠"
_STARTS = f"{_SIGNS}\\t\\r\\n"
_RUNS = re.compile(f"(?:^(?='*[{_STARTS}])|(?<=[;\\t\\r\\n])(?='*[{_SIGNS}]))")
_KEPT_BACK = re.compile(f"(?:^'(?='*[{_STARTS}])|(?<=[;\\t\\r\\n])'(?='*[{_SIGNS}]))")
MAY_BE_KEPT_BACK = re.compile(f"'[{_STARTS}]")


def neutralised(text: str) -> str:
    """`text` with an apostrophe wherever a spreadsheet would begin to run it; another one where it looks like that.

    So `restored` gives back exactly what was written, whatever it was.
    """
    return _RUNS.sub("'", text)


def restored(text: str) -> str:
    """The cell as it was before `neutralised`."""
    return _KEPT_BACK.sub("", text)
