"""The clocks' doubles."""

from datetime import UTC, datetime, timedelta


class Stopwatch:
    """In the place of a module's `time`: nothing passes but what somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class FrozenClock:
    """Stands still until a test moves it. Starts at the real instant, to the second, so that sessions stay good."""

    def __init__(self) -> None:
        self.instant = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        """What eventmail.clock.now answers meanwhile."""
        return self.instant

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move on by so much: the new instant."""
        self.instant += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self.instant

    def set(self, instant: datetime) -> datetime:
        """Jump to an aware `instant`. Sessions and links that were made before may end by it."""
        assert instant.tzinfo, "an instant needs a time zone"
        self.instant = instant.astimezone(UTC)
        return self.instant
