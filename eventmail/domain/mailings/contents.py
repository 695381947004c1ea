"""Compiled texts: each is stored once; the preview and the mail come from the same row (C5)."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventmail.content import checks, differences, markdown, personalise, tokens
from eventmail.content.compile import TooMuch, compile_content, sentence, text_parts
from eventmail.content.compiled import Compiled
from eventmail.db import fresh, transaction
from eventmail.domain.mailings import merge_values
from eventmail.domain.terms import SendingTerms, inert_unsubscribe_url
from eventmail.errors import InvalidInput, NotFound
from eventmail.models import Content, Event, Guest, User
from eventmail.records import Acting
from eventmail.value_parsing import visible

LONGEST = 100_000  # characters; hardly any longer text, written as HTML and as text, makes a mail below 100 KB
SHOWN = 1_000  # characters of subject and preview text that are shown of a message too large to be laid out


@dataclass(frozen=True)
class Text:
    """What a mail says, as it was written, without control characters: no mail holds those."""

    subject: str
    preheader: str
    body: str

    def __post_init__(self) -> None:
        for part in ("subject", "preheader", "body"):
            object.__setattr__(self, part, visible(getattr(self, part)))

    @property
    def in_lf(self) -> "Text":
        """The text with LF for every line end: browsers and programs differ in them."""
        return Text(*(part.replace("\r\n", "\n") for part in astuple(self)))

    @property
    def digest(self) -> str:
        """A fingerprint of the text, whatever its line ends."""
        return hashlib.sha256("\0".join(astuple(self.in_lf)).encode()).hexdigest()


@dataclass(frozen=True)
class Draft:
    """The part of a text that was compiled, with what blocks it (`problems`); a blank one has no `content_id`."""

    content_id: int | None
    text: Text
    compiled: Compiled
    problems: Sequence[checks.Remark]
    remarks: Sequence[checks.Remark]


def checked(event_id: int, text: Text) -> Compiled:
    """Returns the compiled form of a text that may be sent. Raises UnresolvedToken (C2) and InvalidInput (C6)."""
    if complaint := _too_long(text):
        raise InvalidInput.at("body", "TOO_LONG", complaint)
    return compile_content(text.subject, text.preheader, text.body, fields=merge_values.fields(event_id))


def preview(event_id: int, text: Text, by: Acting) -> Draft:
    """Compile what is being written, as `look` does, and store it. Takes the write lock for a new text only."""
    draft = look(event_id, text)
    if not any(part.strip() for part in astuple(draft.text)):
        return draft
    if (known := _same(fresh(), event_id, draft.compiled)) is not None:
        return replace(draft, content_id=known.id)
    with transaction() as tx:
        return replace(draft, content_id=kept(tx, event_id, draft.text, draft.compiled, by).id)


def look(event_id: int, text: Text) -> Draft:
    """Compile a text leniently: unknown merge fields are problems (C2), a text far too long is cut. Stores nothing."""
    if complaint := _too_long(text):
        text = Text(text.subject[:LONGEST], text.preheader[:LONGEST], text.body[:LONGEST])
    fields = merge_values.fields(event_id)
    try:
        compiled = compile_content(text.subject, text.preheader, text.body, fields=fields, strict=False)
    except TooMuch as error:
        return _beginning(event_id, text, error)
    found, parsed = tokens.unresolved(asdict(text), fields), checks.parse(text.body, fields)
    problems = [
        *([checks.Remark("TOO_LONG", complaint)] if complaint else []),
        *(checks.Remark("UNRESOLVED_TOKEN", sentence(problem), problem.part) for problem in found),
        *([] if complaint else checks.in_the_way(text.body, compiled, fields, parsed)),
    ]
    remarks = [
        *checks.first_look(text.subject, text.preheader, compiled, fields),
        *checks.remarks(text.body, compiled.size, fields, parsed),
    ]
    return Draft(None, text, compiled, problems, remarks)


def _beginning(event_id: int, text: Text, error: TooMuch) -> Draft:
    """The subject and preview text of a message that would take too long to lay out, and why there is no more."""
    first = look(event_id, Text(text.subject[:SHOWN], text.preheader[:SHOWN], ""))
    return replace(first, problems=[checks.Remark("TOO_LARGE", error.detail), *first.problems])


def changes_of_reading(event_id: int, text: Text, dialect: int) -> Sequence[differences.Piece]:
    """The text part as it read in the dialect `text` was written in, against today's; empty when both are alike.

    Empty, too, for what is too much to be laid out: it is in the way by itself.
    """
    if dialect == markdown.DIALECT or _too_long(text):
        return ()
    try:
        former, now = text_parts(text.body, merge_values.fields(event_id))
    except TooMuch:
        return ()
    return () if former == now else differences.by_words(former, now)


def _too_long(text: Text) -> str | None:
    """Judges before compiling, which takes seconds for megabytes. The finished mail is measured too (C6)."""
    length = len(text.subject) + len(text.preheader) + len(text.body)
    return f"The text has {length} characters; at most {LONGEST} fit into a mail." if length > LONGEST else None


def kept(tx: Session, event_id: int, text: Text, compiled: Compiled, by: Acting) -> Content:
    """Returns the row of this text in its event, a new one when needed. Runs in the caller's transaction."""
    if (found := _same(tx, event_id, compiled)) is not None:
        return found
    made = Content(
        event_id=event_id, **asdict(text), compiled=compiled.dump(), hash=compiled.hash, size=compiled.size,
        dialect=markdown.DIALECT, created_at=by.now,
    )  # fmt: skip
    tx.add(made)
    tx.flush()
    return made


def _same(session: Session, event_id: int, compiled: Compiled) -> Content | None:
    same = select(Content).where(Content.event_id == event_id, Content.hash == compiled.hash)
    return session.scalars(same).one_or_none()


def rendered(
    content: Content, event: Event, guest: Guest | None, author: User, terms: SendingTerms
) -> personalise.Rendered:
    """The mail of `content` as `guest` would read it, with an inert unsubscribe link (E2)."""
    return personalise.render(
        Compiled.load(content.compiled), values(event, guest, author, terms), merge_values.fields(event.id)
    )


def values(event: Event, guest: Guest | None, author: User, terms: SendingTerms) -> dict[str, str | None]:
    """Everything a mail to `guest` may merge, with an inert unsubscribe link (E2)."""
    return {
        **merge_values.constants(event, merge_values.sender(event, author, terms), terms),
        **guest_values(guest),
        "unsubscribe.url": inert_unsubscribe_url(terms),
    }


def find(event_id: int, content_id: int) -> Content:
    """One text of this event. Raises NotFound."""
    found = fresh().scalars(select(Content).where(Content.id == content_id, Content.event_id == event_id)).one_or_none()
    if found is None:
        raise NotFound
    return found


def text_of(content: Content) -> Text:
    """The text of a content, as it was written."""
    return Text(content.subject, content.preheader, content.body)


def guest_values(guest: Guest | None) -> dict[str, str]:
    """One guest's values; none for None, so that every field reads its fallback."""
    if guest is None:
        return {}
    return merge_values.guest_values(guest.first_name, guest.last_name, guest.email or "", guest.attributes)
