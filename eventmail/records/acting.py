"""The person or program that acts."""

from dataclasses import dataclass
from datetime import datetime

WORKER = "worker"  # the name in the log of what the worker does by itself


@dataclass(frozen=True)
class Acting:
    """Who acts, in which request, at which instant. Every command takes it as `by`."""

    user_id: int | None
    name: str
    request_id: str
    now: datetime
