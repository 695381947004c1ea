"""Every error that an organizer or an API client can meet: a small class per code, with its sentence."""

from eventmail.errors.access import *
from eventmail.errors.base import *
from eventmail.errors.conflicts import *
from eventmail.errors.input import *
from eventmail.errors.temporary import *
