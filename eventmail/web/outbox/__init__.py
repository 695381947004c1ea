"""The outbox of practice mode."""

from eventmail.web.core.area import Area
from eventmail.web.outbox import views

AREA = Area((views.bp,))
