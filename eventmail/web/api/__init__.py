"""The API as a document: its OpenAPI form and its page."""

from typing import Any

from eventmail.web.api import page
from eventmail.web.core.area import Area, Section
from eventmail.web.core.area import Operation as Op

_OPERATIONS = {
    Section.INSTALLATION: (
        Op("GET api_page.document", "The document of this API (OpenAPI 3.1).", {200: dict[str, Any]}),
        Op("GET api_page.page", "The same, where people read it.", {200: dict[str, Any]}),
    ),
}  # fmt: skip

AREA = Area((page.bp,), _OPERATIONS)
