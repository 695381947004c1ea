"""The text that tells guests of a change of the event, as an organizer finds it in a draft."""

import re
from collections.abc import Mapping

_MARKS = re.compile(r"[\\`*_\[\]<>{}|~&#]")
_ENTRY = "What is in your calendar does not change by itself: please delete the old entry and add the new one."


def written(told: Mapping[str, str], now: Mapping[str, str], *, all_day: bool) -> tuple[str, str]:
    """Returns subject and body. What was `told` stands in words, what holds `now` as merge fields."""
    if now["cancelled"]:
        gone = "**{event.title}** was cancelled. It does not take place."
        return "Cancelled: {event.title}", _paragraphs(
            gone, "If it is in your calendar, please delete the entry there."
        )
    subject, first = _news(told, now)
    time = "" if all_day else ", {event.time} ({event.timezone})"
    lines = [
        _line("When", "{event.date}" + time, told["when"] if told["when"] != now["when"] else ""),
        _line("Where", "{event.location}", told["where"] if told["where"] != now["where"] else ""),
    ]
    return subject, _paragraphs(first, "\n".join(lines), _ENTRY, "{calendar.links}")


def escaped(text: str) -> str:
    """Returns a text in one line as Markdown that reads exactly like it (C1, C5)."""
    return _MARKS.sub(r"\\\g<0>", text)


def _news(told: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, str]:
    if told["cancelled"]:
        return "{event.title} takes place after all", "**{event.title}** takes place after all."
    moved = [word for word, part in (("time", "when"), ("place", "where")) if told[part] != now[part]]
    what = " and ".join(moved)
    return f"New {what}: {{event.title}}", f"**{{event.title}}** has a new {what}."


def _line(label: str, value: str, before: str) -> str:
    return f"- **{label}:** {value}" + (f" (before: {escaped(before)})" if before else "")


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(("Hi {guest.firstName},", *texts))
