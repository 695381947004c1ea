"""The API as a document: its OpenAPI form and its page."""

from typing import Any

from eventmail.web.api import page
from eventmail.web.core.area import Area, Operation, Section

_ROWS = (
    Operation("GET api_page.document", "The document of this API (OpenAPI 3.1).", {200: dict[str, Any]}),
    Operation("GET api_page.page", "The same, where people read it.", {200: dict[str, Any]}),
)
AREA = Area((page.bp,), {Section.INSTALLATION: _ROWS})
