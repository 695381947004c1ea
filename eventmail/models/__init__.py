"""The tables. Importing this package registers all of them."""

from eventmail.models.account import AccountMail, ApiToken, Invitation, LoginSession, SignInLink, Throttle, User
from eventmail.models.audit import AuditEntry, IdempotencyRecord, Pace, Reservation, Worker
from eventmail.models.content import Content
from eventmail.models.design import Design, DesignOpen, DesignRevision
from eventmail.models.erasure import Erasure
from eventmail.models.event import Event, EventMember, GuestField
from eventmail.models.guest import Guest, GuestBefore, GuestChange, GuestTag
from eventmail.models.live_lock import Home
from eventmail.models.mailing import (
    Attempt,
    DraftText,
    EmailEvent,
    Exclusion,
    Job,
    Mailing,
    Recipient,
    Schedule,
    Suspect,
)
from eventmail.models.segment import Segment, SegmentField, SegmentGuest, guest_value
from eventmail.models.snapshot import Snapshot
from eventmail.models.suppression import EVERYWHERE, PRACTICE, Suppression
