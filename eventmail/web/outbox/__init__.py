"""The outbox of practice mode."""

from eventmail.web.core.area import Area, Tab
from eventmail.web.outbox import views

AREA = Area((views.bp,), of_messages=(Tab("Outbox", "outbox.listing", practice=True),))
