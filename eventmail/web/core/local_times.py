"""Local times in a form: what `which` of macros/forms.html asks when one of them occurs twice (H2)."""

from eventmail.domain import local_time
from eventmail.web.core import intake


def choices(typed: str | None, timezone: str | None) -> tuple[str, ...]:
    """The words for the two instants of a typed time that occurs twice, by fold; () for all else that may be typed."""
    try:
        wall = intake.wall_time(typed)
    except ValueError:
        return ()
    return local_time.choices(wall, (timezone or "").strip()) if wall else ()
