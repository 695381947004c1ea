"""What a form shows that was refused, and the fingerprints of what it showed (`domain.edit_guard`)."""

from collections.abc import Callable, Mapping

from flask import g, request

from eventmail.domain import edit_guard
from eventmail.web.core.problems import Problem


def form(
    saved: Mapping[str, str], typed: Mapping[str, str], problem: Problem | None, plain: Callable[[str, str], str]
) -> tuple[Mapping[str, str], str]:
    """What to show in a form, by field, and its fingerprints: as `saved`, or as it was `typed` when it was refused.

    When others changed the thing meanwhile, the fields that were left alone show what is saved now, with new
    fingerprints: whoever saves once more has read it. `plain` writes what was typed into a field as it would be kept.
    """
    if not typed:
        return saved, edit_guard.fingerprints(saved, g.now)
    prints = request.form.get("seen", "")
    if not overtaken(problem):
        return typed, prints
    mine = set(edit_guard.changed(prints, {name: plain(name, text) for name, text in typed.items()}))
    return {**saved, **{name: text for name, text in typed.items() if name in mine}}, edit_guard.fingerprints(
        saved, g.now
    )


def overtaken(problem: Problem | None) -> bool:
    """Whether a form was refused because others changed meanwhile what it is about."""
    return problem is not None and isinstance(problem.error, edit_guard.Overtaken)
