"""The picker of a send time, as a composer's form carries it: a date and time in a zone, or a relative time."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from eventmail.domain.mailings.send_time import Plan
from eventmail.states import AudienceMode
from eventmail.value_parsing import visible

AT, RELATIVE = "at", "relative"
UNITS = ("days", "hours", "minutes")
_DIGITS = 9  # Python refuses to read a number of thousands
TAKE = "take"  # the name of a button that fills in fields: a preset, or a time beside one that does not exist


@dataclass(frozen=True)
class TimeFields:
    """The fields as they were typed, checked in nothing; `when` says which of the two ways counts."""

    when: str = AT
    send_at: str = ""
    timezone: str = ""
    fold: str = ""
    relative_number: str = ""
    relative_unit: str = "days"
    relative_side: str = "before"
    relative_anchor: str = "starts"
    relative_at: str = ""
    audience_mode: str = AudienceMode.AT_DUE
    taken: bool = False  # a button filled in fields, so the page has to show them anew

    @property
    def plan(self) -> Plan | None:
        """What is asked for; None while no time is chosen."""
        exact = AudienceMode.EXACT if self.is_exact else AudienceMode.AT_DUE
        if self.when == RELATIVE:
            return Plan(relative=self._rule(), audience_mode=exact) if self.relative_number else None
        fold = int(self.fold) if self.fold in ("0", "1") else None
        return Plan(self.send_at, self.timezone, fold, audience_mode=exact) if self.send_at else None

    @property
    def is_exact(self) -> bool:
        return self.audience_mode == AudienceMode.EXACT

    @property
    def named(self) -> dict[str, str]:
        """The fields that say something, for an address."""
        return {name: value for name, value in asdict(self).items() if name != "taken" and value}

    def _rule(self) -> dict[str, Any]:
        """The relative time; a number that is none stays as it was typed, and the check names it."""
        number: Any = self.relative_number
        if number.isdecimal() and len(number) <= _DIGITS:
            number = int(number) if self.relative_side == "after" else -int(number)
        at = {"at": self.relative_at} if self.relative_at and self.relative_unit == "days" else {}
        return {"anchor": self.relative_anchor, self.relative_unit: number, **at}


_NAMES = tuple(field.name for field in fields(TimeFields) if field.name != "taken")


def parse(form: Mapping[str, str]) -> TimeFields:
    """The fields of a form; a button of it that fills in some of them counts more than these."""
    taken = dict(parse_qsl(form.get(TAKE, ""), keep_blank_values=True))
    given = {name: visible(value).strip() for name in _NAMES if (value := taken.get(name, form.get(name))) is not None}
    return TimeFields(**given, taken=bool(taken))


def take(filled: Mapping[str, str]) -> str:
    """The value of a button `TAKE` that fills in these fields."""
    return urlencode(filled)


def of(plan: Plan | None, timezone: str) -> TimeFields:
    """The fields that ask for `plan`; `timezone` is the one of a plan that names none."""
    if plan is None:
        return TimeFields(timezone=timezone)
    shown = TimeFields(timezone=plan.timezone or timezone, audience_mode=plan.audience_mode)
    if plan.relative:
        return replace(shown, **of_rule(plan.relative))
    wall = plan.wall.removesuffix(":00") if plan.wall.count(":") > 1 else plan.wall
    return replace(shown, send_at=wall, fold="" if plan.fold is None else str(plan.fold))


def of_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that ask for a relative time, by name."""
    unit = next((unit for unit in UNITS if rule.get(unit) is not None), "days")
    number = rule.get(unit, "")
    return {
        "when": RELATIVE,
        "relative_number": str(abs(number)) if isinstance(number, int) else str(number),
        "relative_unit": unit,
        "relative_side": "after" if isinstance(number, int) and number > 0 else "before",
        "relative_anchor": str(rule.get("anchor", "starts")),
        "relative_at": str(rule.get("at") or ""),
    }
