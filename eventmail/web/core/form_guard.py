"""The contents of a form after a refusal, and the fingerprints of what it showed before (`domain.edit_guard`)."""

from collections.abc import Callable, Mapping

from flask import g, request

from eventmail.domain import edit_guard
from eventmail.web.core.problems import Problem


def form(
    saved: Mapping[str, str], typed: Mapping[str, str], problem: Problem | None, plain: Callable[[str, str], str]
) -> tuple[Mapping[str, str], str]:
    """Returns the text of each field and the fingerprints: as `saved`, or as `typed` after a refusal.

    When others changed the thing meanwhile, unchanged fields show what is saved now, with new fingerprints, so that
    the user has read it before saving once more. `plain(field, text)` returns a typed text as it would be saved.
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
    """Whether a form was refused because others changed the same thing meanwhile."""
    return problem is not None and isinstance(problem.error, edit_guard.Overtaken)
