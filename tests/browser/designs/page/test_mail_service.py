"""Retry on transient failure, of a message with a design, with a real mail server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.designs.page.steps import made, open_
from tests.browser.steps import TRACKED, Gala, body, by_test
from tests.browser.test_failure_modes_of_mail_services import Postbox
from tests.support import seeding
from tests.support.live import Live
from tests.support.postbox import serving


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory, template_database: Path) -> Iterator[tuple[Live, Postbox]]:
    """An instance that hands over to a mail server."""
    box = Postbox()
    with serving(box) as port:
        folder = tmp_path_factory.mktemp("designs")
        service = {"EVENTMAIL_PROVIDER": "smtp", "EVENTMAIL_SMTP_URL": f"smtp://127.0.0.1:{port}"}
        live = Live(folder / "instance", template_database, **service)
        try:
            live.start()
            yield live, box
        finally:
            live.stop()


@pytest.fixture
def gala(posted: tuple[Live, Postbox]) -> Gala:
    """An event of this test alone on that instance."""
    with posted[0].app.app_context():
        return Gala(posted[0], seeding.add_event(posted[0].organizer))


def test_S4_retry_on_transient_failure_uses_the_same_key_and_delivers_once(
    page: Page, gala: Gala, posted: tuple[Live, Postbox]
) -> None:
    """Trigger: the mail service fails for the moment. Resolution: the same key, at most one mail."""
    _, box = posted
    again = f"again{gala.id}@guests.example.net"  # refused with 451 at its first try
    gala.add_guests([{"email": again, "first_name": "Ana"}])
    design = made(gala, publish=True)
    open_(page, gala, design)
    by_test(page, "email-design-use-published").click()
    steps.pick(page, ["Confirmed"])
    tracker = steps.send(page)
    steps.finished(page)
    expect(tracker.get_by_role("heading")).to_have_text("Finished")
    expect(by_test(page, TRACKED)).to_be_visible()
    offered = [mail for address, mail in box.offered if address == again]
    key = f"{gala.mailings()[0]['key']}-{gala.recipients()[again]['id']}"
    assert [mail["X-Eventmail-Id"] for mail in offered] == [key, key]
    assert [str(mail["Message-ID"]).partition("@")[0] for mail in offered] == [f"<{key}", f"<{key}"]
    assert box.to(again) == [again]
    assert (str(offered[1]["Subject"]), body(offered[1]).partition("\n")[0]) == ("Hi Ana", "Come to Fixture Gala.")
    assert gala.reservations() == [(1, 1, 0)]
