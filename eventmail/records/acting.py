"""Who acts: handed to every command."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Acting:
    """Who acts, in which request, at which instant; handed to every command as `by`."""

    user_id: int | None
    name: str
    request_id: str
    now: datetime
