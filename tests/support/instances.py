"""Fixtures of the instances that run as processes, and what they wrote when their test fails."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.live import Live


@pytest.fixture
def make_live(tmp_path: Path, template_database: Path) -> Iterator[Callable[..., Live]]:
    """make_live(**environment): an instance with nothing started; call start_web() and start_worker()."""
    made: list[Live] = []

    def make(**environment: str) -> Live:
        made.append(Live(tmp_path / f"live-{len(made)}", template_database, **environment))
        return made[-1]

    yield make
    for instance in made:
        instance.stop()


@pytest.fixture
def live(make_live: Callable[..., Live]) -> Live:
    """The web process and the worker, running on an instance of this test alone."""
    instance = make_live()
    instance.start()
    return instance


@pytest.fixture(scope="session")
def shared_live(tmp_path_factory: pytest.TempPathFactory, template_database: Path) -> Iterator[Live]:
    """One running instance for all tests that bring an event of their own or only look."""
    instance = Live(tmp_path_factory.mktemp("shared") / "instance", template_database)
    try:
        instance.start()
        yield instance
    finally:
        instance.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A failing test shows what its processes wrote."""
    report: Any = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Live):
                report.sections.append((f"logs of {name}", value.logs()))
    return report
