"""Every area of the site, in the order in which their pages are mounted."""

from eventmail.web.account import me, sign_in
from eventmail.web.api import page as api_page
from eventmail.web.audit import views as audit
from eventmail.web.composer import preview
from eventmail.web.events import lifecycle
from eventmail.web.events import views as events
from eventmail.web.guests import address_erasure, bulk, erasure, history, imports, paste
from eventmail.web.guests import views as guests
from eventmail.web.mailings import control, receipt, why
from eventmail.web.mailings import views as mailings
from eventmail.web.messaging import drafts, test_sends
from eventmail.web.messaging import views as messaging
from eventmail.web.outbox import views as outbox
from eventmail.web.people import views as people
from eventmail.web.public import calendar, unsubscribe, webhooks
from eventmail.web.segments import views as segments
from eventmail.web.settings import live_lock, sending
from eventmail.web.suppressions import views as suppressions

AREAS = (
    calendar, api_page, unsubscribe, sign_in, me, people, live_lock, events, lifecycle, audit, why,
    bulk, history, paste, guests, erasure, address_erasure, imports, segments, drafts, messaging, preview,
    mailings, receipt, control, test_sends, sending, outbox, suppressions, webhooks,
)  # fmt: skip
