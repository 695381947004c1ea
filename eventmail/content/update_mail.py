"""The text that tells guests of a change of the event, as an organizer finds it in a draft."""

import re
from collections.abc import Mapping

_MARKS = re.compile(r"[\\`*_\[\]<>{}|~&#]")
_ENTRY = "What is in your calendar does not change by itself: please delete the old entry and add the new one."


def written(told: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, str]:
    """Returns subject and body, with what was `told` and what holds `now` in the same words."""
    if now["cancelled"]:
        gone = "**{event.title}** was cancelled. It does not take place."
        return "Cancelled: {event.title}", _paragraphs(
            gone, "If it is in your calendar, please delete the entry there."
        )
    subject, first = _news(told, now)
    lines = [_line(label, told[part], now[part]) for label, part in (("When", "when"), ("Where", "where"))]
    return subject, _paragraphs(first, "\n".join(filter(None, lines)), _ENTRY, "{calendar.links}")


def escaped(text: str) -> str:
    """Returns a text in one line as Markdown that reads exactly like it (C1, C5)."""
    return _MARKS.sub(r"\\\g<0>", text)


def _news(told: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, str]:
    if told["cancelled"]:
        return "{event.title} takes place after all", "**{event.title}** takes place after all."
    moved = [word for word, part in (("time", "when"), ("place", "where")) if told[part] != now[part]]
    what = " and ".join(moved)
    return f"New {what}: {{event.title}}", f"**{{event.title}}** has a new {what}."


def _line(label: str, before: str, now: str) -> str:
    if not (before or now):
        return ""
    note = "" if before == now else f" (before: {escaped(before)})" if before else " (new)"
    return f"- **{label}:** {escaped(now) or 'not decided yet'}{note}"


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(("Hi {guest.firstName},", *texts))
