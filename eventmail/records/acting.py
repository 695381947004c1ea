"""The person or program that acts."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Acting:
    """Who acts, in which request, at which instant. Every command takes it as `by`."""

    user_id: int | None
    name: str
    request_id: str
    now: datetime
