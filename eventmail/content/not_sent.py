"""Why a scheduled message was not sent when it was due, in whole sentences."""

from collections.abc import Mapping

from eventmail.states import NotSent

WHY: Mapping[NotSent, str] = {
    NotSent.LATE: "eventmail was not running at that time, and more than an hour had passed when it ran again.",
    NotSent.EVENT_BEGAN: "eventmail was not running at that time, and the event had begun when it ran again.",
    NotSent.EVENT_MOVED: "The event was moved, and nobody had agreed to the new time when the old one came.",
    NotSent.TIME_MOVED: "The clocks of its time zone change otherwise than they did when it was scheduled, and nobody "
    "had agreed to the new time.",
    NotSent.EVENT_UNDATED: "Its time counts from the event’s, and the event had no time any more.",
    NotSent.MORE_PEOPLE: "Far more people would have got it than when it was scheduled.",
    NotSent.QUOTA: "The quota had too few places left for it.",
    NotSent.SEGMENT_GONE: "A segment of its audience was deleted, so nobody could say who should get it.",
    NotSent.HELD_UP: "Nothing could leave this installation. The page “Sending” says why.",
    NotSent.RESTORED: "This eventmail was restored or copied, and the other one may have sent it.",
    NotSent.BROKEN: "eventmail could not put it together. Its log says why.",
    NotSent.NO_RECIPIENTS: "No recipients match this audience.",
}
