"""The buttons of a row of the list, drawn once for all rows whose buttons are alike: they take half of the time."""

from collections.abc import Callable
from dataclasses import replace

from markupsafe import Markup

from eventmail.domain.designs.edit import Shown
from eventmail.ids import MAX_ID
from eventmail.web.core.context import merged_text

Draw = Callable[[Shown, bool], Markup]
_ID, _NAME = MAX_ID, "\ue000name\ue000"  # stand for those of a row; no name holds a private character twice like this


class RowActions:
    """The buttons of the rows of one page."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[object, ...], Markup] = {}

    def __call__(self, shown: Shown, in_use: bool, draw: Draw) -> Markup:
        """The buttons of one design, by the macro `draw`."""
        number = shown.published.number if shown.published else None
        alike = (shown.archived_at is None, number, shown.diverged, in_use)
        if alike not in self._drawn:
            self._drawn[alike] = draw(replace(shown, id=_ID, name=_NAME), in_use)
        return self._drawn[alike].replace(str(_ID), str(shown.id)).replace(_NAME, merged_text(shown.name))
