"""Two organizers, and a draft that one of them has begun."""

from collections.abc import Callable

import pytest

from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.records import Acting
from tests.support import seeding
from tests.support.drafting import PAGE, save, written
from tests.support.seeding import Person


@pytest.fixture(autouse=True)
def _in_app(in_app: object) -> None:
    pass


@pytest.fixture
def oscar(organizer: Person) -> Acting:
    return seeding.acting(organizer)


@pytest.fixture
def anna(add_person: Callable[..., Person]) -> Acting:
    return seeding.acting(add_person("Anna Other", "anna@organizers.example"))


@pytest.fixture
def begun(event_id: int, oscar: Acting) -> int:
    return save(event_id, DraftVersion(page=PAGE), written(), oscar).mailing_id
