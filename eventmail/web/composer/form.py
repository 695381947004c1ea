"""The form of a composer. The view parses it once; nothing changes it afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from eventmail.domain.mailings import origin, query, test_sends
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.drafts import Shown
from eventmail.domain.mailings.origin import Origin
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.send_time import Plan
from eventmail.ids import row_id
from eventmail.states import MailingKind
from eventmail.value_parsing import visible
from eventmail.web.composer import preview_options, time_fields
from eventmail.web.composer.time_fields import TimeFields

LISTS = frozenset({"statuses", "segments", "guests", "exclude_segments"})


@dataclass(frozen=True)
class ComposerForm:
    """The text, the audience, the look of the preview, and what the page was about.

    On a page with a picker `time` are its fields, and `editing` is the scheduled message that the form changes, as it
    was at `revision`.
    """

    text: Text
    audience: Mapping[str, list[str]]
    to: str = ""
    look: preview_options.Look = field(default_factory=preview_options.Look)
    guest: str = ""  # stepped to
    reader: str = ""  # search words for another one
    find: str = ""  # search words for guests to pick
    before: DraftVersion = field(default_factory=DraftVersion)  # the draft as the page had it
    snapshot: str = ""  # this and the next two come from a review
    event_seen: str = ""
    exact: bool = False
    key: str | None = None
    shown: Shown | None = None  # the saved draft
    again: int | None = None  # the message that is written once more (S7); with its dialect and its design
    dialect: int | None = None
    origin: Origin | None = None
    time: TimeFields | None = None
    editing: int | None = None
    revision: int = 0
    kind: MailingKind = MailingKind.ONE_TIME

    @property
    def message(self) -> Message:
        return Message(
            self.text, self.audience, self.snapshot, exact=self.exact, event_seen=self.event_seen, plan=self.plan,
            origin=self.origin, kind=self.kind,
        )  # fmt: skip

    @property
    def plan(self) -> Plan | None:
        return self.time.plan if self.time else None

    @property
    def picked(self) -> dict[str, Any]:
        return {name: picked for name, picked in self.audience.items() if picked}

    def of(self, shown: Shown, timezone: str) -> "ComposerForm":
        """The form with a draft; `timezone` is that of a plan that names none."""
        time = time_fields.of(shown.plan, timezone) if self.time else None
        return replace(self, text=shown.text, audience=dict(shown.audience), shown=shown, time=time,
                       kind=shown.kind)  # fmt: skip


def parse(
    form: MultiDict[str, str], before: DraftVersion, key: str | None = None, *, kind: MailingKind,
    timezone: str | None = None,
) -> ComposerForm:  # fmt: skip
    """The form as it was typed; `key` is the idempotency key of the request.

    It is about a message of `kind` unless it says otherwise. A page with a picker names the `timezone` that it shows
    first.
    """
    time = None if timezone is None else time_fields.parse({"timezone": timezone, **form})
    return ComposerForm(
        Text(*(visible(form.get(part, "")) for part in ("subject", "preheader", "body"))),
        {name: [value for value in form.getlist(name) if value] for name in LISTS},
        to=" ".join(form.getlist("to")),
        **preview_options.typed(form),
        find=form.get("find", ""),
        before=before,
        snapshot=form.get("audience_snapshot", ""),
        event_seen=form.get("event_seen", ""),
        exact=form.get("audience_mode") == "exact",
        key=key,
        time=time,
        editing=row_id(form.get("editing", "")),
        revision=row_id(form.get("editing_revision", "")) or 0,
        kind=MailingKind.CALENDAR if form.get("kind") == MailingKind.CALENDAR else kind,
    )


def version(fields: Mapping[str, str]) -> DraftVersion:
    """The version of a draft that a form or an address names."""
    draft, revision, page = (fields.get(name, "") for name in ("draft", "revision", "page_mark"))
    return DraftVersion(row_id(draft), row_id(revision) or 0, page[:64])


def again(form: ComposerForm, event_id: int, mailing_id: int, mine: str) -> ComposerForm:
    """`form` with a message that is written once more (S7). A test that only went to `mine` fills in no address."""
    mailing = query.find(event_id, mailing_id)
    content = query.content(mailing)
    to = ", ".join(recipient.email for recipient in test_sends.recipients(mailing_id))
    return replace(
        form,
        text=Text(content.subject, content.preheader, content.body),
        again=mailing_id,
        dialect=content.dialect,
        origin=origin.standing(origin.of(mailing)),
        guest=str(mailing.as_guest_id or ""),
        to=to if mailing.is_test and to != mine else "",
        audience={name: mailing.audience.get(name, []) for name in LISTS},
    )
