"""Commands are called directly here, so every test has an app context."""

import pytest


@pytest.fixture(autouse=True)
def _in_app(in_app: object) -> None:
    pass
