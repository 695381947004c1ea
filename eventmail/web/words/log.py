"""The audit log in plain words."""

from collections.abc import Iterator, Mapping
from typing import Any

from eventmail.domain.suppressions import reasons
from eventmail.states import ChangeKind

WORDS: Mapping[str, str] = {
    "account_mail.asked": "asked for a mail about the account of",
    "account_mail.failed": "could not send a mail about the account of",
    "account_mail.sent": "sent a mail about the account of",
    "account_mail.unknown": "may have sent a mail about the account of",
    "api_token.added": "made an API token for",
    "api_token.revoked": "ended an API token of",
    "columns.defaults_set": "changed what guests without a value read",
    "demo.loaded": "loaded the demo",
    "design.archived": "archived the design",
    "design.brought_back": "brought back from the archive the design",
    "design.created": "made the design",
    "design.deleted": "deleted the design",
    "design.edited": "wrote in the design",
    "design.kept": "kept under a name a version of the design",
    "design.published": "published the design",
    "design.restored": "took an earlier version back into the design",
    "draft.begun": "began the draft",
    "draft.deleted": "deleted the draft",
    "draft.edited": "wrote in the draft",
    "event.archived": "archived the event",
    "event.brought_back": "brought the event back from the archive",
    "event.calendar_links_replaced": "replaced the calendar links, so that those sent before stopped working",
    "event.cancelled": "cancelled the event",
    "event.change_kept_quiet": "decided that nobody is told of the change of the event",
    "event.change_told_after_all": "took back that nobody is told of the change of the event",
    "event.copied": "made the event as a copy of another",
    "event.created": "created the event",
    "event.edited": "changed the event",
    "event.reinstated": "took back that the event was cancelled",
    "event.shared": "changed who sees the event",
    "guest.added": "added the guest",
    "guest.deleted": "removed the guest",
    "guest.edited": "changed the guest",
    "guest.erased": "erased a guest:",
    "address.erased": "erased an address that was on no guest list:",
    "guest.handed_out": "downloaded what is known about the guest",
    "guests.change_undone": "took back a change of many guests",
    "guests.changed": "changed many guests",
    "guests.imported": "imported guests",
    "guests.pasted": "pasted guests",
    "home.confirmed": "confirmed that this is the live eventmail",
    "invitation.made": "invited",
    "invitation.revoked": "took back the invitation of",
    "mailing.cancelled": "cancelled who still waited for the message",
    "mailing.counted_as_sent": "counted doubtful mails as sent for the message",
    "mailing.failed": "found nobody to send the scheduled message to:",
    "mailing.failed_sent_again": "tried the failed again for the message",
    "mailing.missed": "did not send the scheduled message, and asks how it goes on:",
    "mailing.refused_listed": "put on the do-not-mail list who was refused as dead, of the message",
    "mailing.rescheduled": "changed the scheduled message",
    "mailing.resumed": "let the message go on",
    "mailing.service_changed": "let who still waited get the message through another mail service:",
    "mailing.scheduled": "scheduled the message",
    "mailing.sent": "sent the message",
    "mailing.started": "began to send the scheduled message",
    "mailing.stopped_itself": "stopped the message and asks how to go on",
    "mailing.test_sent": "sent a test",
    "mailing.unknown_sent_again": "sent doubtful mails again for the message",
    "password.changed": "set a new password",
    "result_mail.failed": "could not mail the author how it went with the message",
    "result_mail.kept": "kept in the outbox how it went with the message",
    "result_mail.sent": "mailed the author how it went with the message",
    "result_mail.unknown": "may have mailed the author how it went with the message",
    "segment.created": "made the segment",
    "segment.deleted": "removed the segment",
    "segment.edited": "changed the segment",
    "session.began": "signed in",
    "session.ended": "ended sessions",
    "sign_in_link.issued": "made a sign-in link for",
    "suppression.added": "put on the do-not-mail list",
    "suppression.imported": "imported into the do-not-mail list",
    "suppression.lifted": "took off the do-not-mail list",
    "suppression.reported": "told of a weightier reason to keep off the do-not-mail list:",
    "suppression.taken_back": "wants mail again:",
    "suppression.unsubscribed": "unsubscribed",
    "throttle.closed": "was refused after too many tries:",
    "user.added": "added the colleague",
    "user.edited": "changed the name or address of",
    "user.mails_chosen": "changed which mails go to",
    "user.removed": "removed the colleague",
    "user.role_changed": "changed the role of",
}

# Words for codes in the log, by the name of the value. Some of these names hold words of people as well.
_VALUES: Mapping[str, Mapping[Any, str]] = {
    "kind": {ChangeKind.STATUS: "status set", ChangeKind.ADD_TAG: "tag added", ChangeKind.REMOVE_TAG: "tag removed"},
    "reason": reasons.LONG,
    "scope": {"all": "the whole installation", "event": "this event", "practice": "practice mode"},
}
_LABELS: Mapping[str, str] = {
    "kind": "change",
    "ends_fold": "which end",
    "reply_to": "answers go to",
    "result_mails": "a mail how scheduled messages went",
    "scope": "for",
    "starts_fold": "which start",
    "suppressed": "on the do-not-mail list",
    "timezone": "time zone",
    "url": "web page",
}
_TIMES = frozenset({"starts_wall", "ends_wall"})
_TEXT = frozenset({"subject", "preheader", "body"})
_LINKS = frozenset({"source"})  # the id of the original, for programs; its name stands beside it


def sentence(action: str) -> str:
    """`action` as words that follow the name of the person who did it; an unknown one as it is written."""
    return WORDS.get(action) or action.replace("_", " ").replace(".", ": ")


def changes(detail: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yields (what, before, after) of each change that an entry tells of; "" stands for nothing."""
    before, after = detail.get("before"), detail.get("after")
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        was, now = (side if isinstance(side, Mapping) else {} for side in (before, after))
        for name in [*was, *(name for name in now if name not in was)]:
            if was.get(name) != now.get(name):
                yield label(name), _told(name, was.get(name)), _told(name, now.get(name))
    elif before is not None or after is not None:
        yield "it", plain(before), plain(after)
    for name, value in detail.items():
        if name not in ("before", "after") and name not in _LINKS:
            yield label(name), "", _told(name, value)


def is_text(action: str, name: str) -> bool:
    """Whether the value of an entry is a text with merge fields: part of a mail, or the name of a design."""
    return name in _TEXT or (name == "name" and action.startswith("design."))


def label(name: str) -> str:
    """The name of a value in words."""
    return _LABELS.get(name) or name.replace("_wall", "").replace("_", " ")


def _told(name: str, value: Any) -> str:
    known = _VALUES.get(name, {})
    if name in _TIMES and isinstance(value, str):
        return value.replace("T", " ")[:16]
    return known.get(value) or plain(value) if isinstance(value, str) else plain(value)


def plain(value: Any) -> str:
    """A value of the log in one line."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{label(str(name))}: {plain(inner) or 'nothing'}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(plain(inner) for inner in value)
    return str(value)
