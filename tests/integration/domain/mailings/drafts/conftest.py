"""A draft that an organizer has begun."""

import pytest

from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.records import Acting
from tests.support.drafting import PAGE, save, written


@pytest.fixture
def begun(event_id: int, oscar: Acting) -> int:
    return save(event_id, DraftVersion(page=PAGE), written(), oscar).mailing_id
