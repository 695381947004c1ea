"""Every error an organizer or an API client can meet: one small class per code, its sentence written once."""

from eventmail.errors.access import *
from eventmail.errors.base import *
from eventmail.errors.conflicts import *
from eventmail.errors.input import *
from eventmail.errors.retry import *
