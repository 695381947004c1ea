"""The JSON of what is worth a look before a text goes to an audience (C3, C8)."""

from collections.abc import Iterator

from flask import g

from eventmail import link_targets
from eventmail.domain.audience.resolve import Audience
from eventmail.domain.mailings import contents, dead_links, fallbacks, merge_values, senders
from eventmail.models import Event
from eventmail.web.composer import checks, fragments
from eventmail.web.composer.schemas import WarningOut


def of(event: Event, text: contents.Text, audience: Audience, count: int) -> Iterator[WarningOut]:
    """Yields the warnings about `text` for the `count` guests of `audience`. Stores nothing."""
    draft, fields = contents.look(event.id, text), merge_values.fields(event.id)
    for remark in (*draft.problems, *draft.remarks):
        yield {"code": remark.code, "message": remark.message, "part": remark.part, "count": None}
    here = fragments.terms()
    if said := checks.sender_sentence(senders.of(event, g.user, here)):
        yield {"code": "UNREAD_ANSWERS", "message": said, "part": "reply_to", "count": None}
    if not count:
        return
    constants = merge_values.constants(event, merge_values.sender(event, g.user, here), here)
    for gap in fallbacks.gaps(draft.compiled, fields, constants, audience, count):
        message = checks.gap_sentence(gap)
        yield {"code": "FALLBACK", "message": message, "part": "body", "count": gap.count}
    for dead in dead_links.find(draft.compiled, fields, constants, audience, count):
        code = "NO_LINK" if dead.fault == link_targets.NONE else "ODD_LINK"
        message = checks.dead_link_sentence(dead)
        yield {"code": code, "message": message, "part": "body", "count": dead.count}
