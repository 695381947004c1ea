"""Why nothing of a scheduled message left when it was due, in sentences for pages and mails."""

from collections.abc import Mapping

from eventmail.states import NotSent

WHY: Mapping[NotSent, str] = {
    NotSent.LATE: "eventmail could not send it until more than an hour later, so nothing left.",
    NotSent.EVENT_BEGAN: "When eventmail could send it, the event had begun, so nothing left.",
    NotSent.EVENT_MOVED: "The event had moved, and nobody had taken the new time, so nothing left.",
    NotSent.TIME_MOVED: "The clocks of its time zone had been changed, and nobody had taken the new time, so nothing "
    "left.",
    NotSent.EVENT_UNDATED: "The event had no time any more, so nothing left.",
    NotSent.MORE_PEOPLE: "Far more guests matched than when it was scheduled, so nothing left.",
    NotSent.QUOTA: "The quota was too small for it, so nothing left.",
    NotSent.SEGMENT_GONE: "A segment that it goes to was removed, so nothing left. Sent now, it goes to the guests of "
    "its scheduling.",
    NotSent.HELD_UP: "Nothing could leave this eventmail then.",
    NotSent.RESTORED: "This eventmail was restored or copied, and the one it came from may have sent it.",
    NotSent.BROKEN: "eventmail could not put it together. That is a fault of eventmail, not of your text; whoever runs "
    "it finds the reason in its log.",
    NotSent.NO_RECIPIENTS: "No recipients matched its audience any more, so nothing left.",
}
