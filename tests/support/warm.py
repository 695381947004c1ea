"""Everything that a process of a race imports: the server that forks them imports it once."""

from importlib import import_module
from pkgutil import iter_modules

import pytest

from eventmail import web
from tests.support import handing, recording, scene, seeding

for found in iter_modules(web.__path__, "eventmail.web."):
    import_module(found.name)

__all__ = ["handing", "pytest", "recording", "scene", "seeding"]
