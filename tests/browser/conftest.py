"""What the stories share: the browser, and an event of their own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.postbox import Postbox
from tests.browser.steps import Gala, sign_in
from tests.support import seeding
from tests.support.browser import ARGUMENTS, WRITES_SOURCE, Complaints, chromium
from tests.support.live import Live
from tests.support.postbox import serving
from tests.support.webhooks import SECRET

PATIENCE_MS = 120_000
expect.set_options(timeout=PATIENCE_MS)  # a state is waited for; a busy machine takes its time


@pytest.fixture
def add_gala(shared_live: Live) -> Callable[..., Gala]:
    """add_gala(**values): an event without guests on the shared instance."""

    def add(**values: Any) -> Gala:
        with shared_live.app.app_context():
            return Gala(shared_live, seeding.add_event(shared_live.organizer, **values))

    return add


@pytest.fixture
def gala(add_gala: Callable[..., Gala]) -> Gala:
    """An event of this test alone on the shared instance, Fixture Gala, without guests."""
    return add_gala()


@pytest.fixture(scope="session")
def posted(tmp_path_factory: pytest.TempPathFactory, template_database: Path) -> Iterator[tuple[Live, Postbox]]:
    """An instance that hands over to a mail server, which may report to it."""
    box = Postbox()
    with serving(box) as port:
        live = Live(
            tmp_path_factory.mktemp("posted") / "instance", template_database, EVENTMAIL_PROVIDER="smtp",
            EVENTMAIL_SMTP_URL=f"smtp://127.0.0.1:{port}", EVENTMAIL_WEBHOOK_SECRET_GENERIC=SECRET,
        )  # fmt: skip
        try:
            live.start()
            yield live, box
        finally:
            live.stop()


@pytest.fixture
def box(posted: tuple[Live, Postbox]) -> Postbox:
    return posted[1]


@pytest.fixture
def posted_gala(posted: tuple[Live, Postbox]) -> Gala:
    """An event of this test alone on the instance with the mail server; for a `gala` of a module."""
    live, _ = posted
    with live.app.app_context():
        return Gala(live, seeding.add_event(live.organizer))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The Chromium of this box."""
    program = chromium()
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    if program is None:
        return {"args": arguments}
    return {"executable_path": program, "args": arguments}


@pytest.fixture(scope="session")
def _a_browser_is_there(playwright: Any) -> None:
    if chromium() is None and not Path(playwright.chromium.executable_path).exists():
        pytest.fail("No Chromium found. Run tests/browser/install_chromium.sh, or name one in EVENTMAIL_CHROMIUM.")


@pytest.fixture
def editor_mode() -> str:
    """How the browser of a test writes a body: "source" for its textarea, "write" for the editor."""
    return "source"


@pytest.fixture
def context(context: BrowserContext, editor_mode: str) -> BrowserContext:
    """Clicks and pages are waited for like states."""
    return _prepared(context, editor_mode)


def _prepared(context: BrowserContext, editor_mode: str) -> BrowserContext:
    context.set_default_timeout(PATIENCE_MS)
    if editor_mode == "source":
        context.add_init_script(WRITES_SOURCE)
    return context


@pytest.fixture
def watched(_a_browser_is_there: None, page: Page) -> Iterator[Page]:
    """A page that fails the test on any console error, page error, failed request or policy violation."""
    complaints = Complaints()
    complaints.watch(page)
    yield page
    assert complaints == [], "\n".join(complaints)


@pytest.fixture
def open_browser(_a_browser_is_there: None, browser: Browser, editor_mode: str) -> Iterator[Callable[..., Page]]:
    """open_browser(**options): a page in a browser of its own that complains to the test."""
    complaints, contexts = Complaints(), []

    def open_(**options: Any) -> Page:
        contexts.append(_prepared(browser.new_context(**options), editor_mode))
        page: Page = contexts[-1].new_page()
        complaints.watch(page)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == [], "\n".join(complaints)


@pytest.fixture
def tolerant(_a_browser_is_there: None, browser: Browser, editor_mode: str) -> Iterator[Page]:
    """A page in a browser of its own that may be refused: Chromium writes each 409 into its console."""
    complaints, context = Complaints(), _prepared(browser.new_context(reduced_motion="reduce"), editor_mode)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def colleague(tolerant: Page, gala: Gala) -> Callable[[str], Page]:
    """colleague("/messages"): that page of the event in the own browser of Anna, another organizer."""

    def open_(path: str) -> Page:
        with gala.live.app.app_context():
            person = seeding.add_person("Anna Other", f"anna{gala.id}@colleagues.example")
        sign_in(tolerant, gala, path, person)
        return tolerant

    return open_
