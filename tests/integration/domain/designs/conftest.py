"""A design that an organizer has written."""

import pytest

from eventmail.records import Acting
from tests.support.designing import design


@pytest.fixture
def begun(event_id: int, oscar: Acting) -> int:
    return design(event_id, oscar)
