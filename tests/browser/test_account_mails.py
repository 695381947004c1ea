"""The way of a colleague by mail: invited, joined, password forgotten, back again; through a real mail server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from playwright.sync_api import Page, expect

from tests.browser.steps import by_test, press_link
from tests.support.account_mail import SENDER, SITE, link_in
from tests.support.browser import assert_fits, axe_everywhere
from tests.support.live import Live, request
from tests.support.postbox import serving
from tests.support.seeding import PASSWORD
from tests.support.waiting import wait_for

NAME, EMAIL = "שלום <b>Ada</b> " + "Ab" * 40, f"{'a' * 60}@{'b' * 60}.example.net"
NEW_PASSWORD = "another long password"


@dataclass
class Postbox:
    """Keeps what it takes."""

    taken: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.taken.append(envelope.original_content or b"")
        return "250 2.0.0 Taken"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, int]]:
    box = Postbox()
    with serving(box) as port:
        yield box, port


@pytest.fixture
def live(make_live: Callable[..., Live], postbox: tuple[Postbox, int]) -> Live:
    """An instance with a mail service."""
    made = make_live(EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=f"smtp://127.0.0.1:{postbox[1]}",
                     EVENTMAIL_BASE_URL=SITE, EVENTMAIL_FROM=SENDER)  # fmt: skip
    made.start()
    return made


def assert_good(page: Page) -> None:
    assert_fits(page)
    axe_everywhere(page)


def arrived(live: Live, box: Postbox, number: int) -> str:
    """The path of the link in mail `number`, when the worker has noted that it left."""
    wait_for(lambda: len(box.taken) == number, what=f"mail {number}")
    states: Any = "SELECT DISTINCT state FROM account_mails"
    wait_for(lambda: live.query(states) in ([], [{"state": "sent"}]), what="the record of it")
    return link_in(box.taken[-1])[0]


def test_a_colleague_is_invited_by_mail_joins_forgets_the_password_and_comes_back(
    open_browser: Callable[..., Page], live: Live, postbox: tuple[Postbox, int]
) -> None:
    box, _ = postbox
    boss, ada = open_browser(reduced_motion="reduce"), open_browser(reduced_motion="reduce")
    press_link(boss, live.signin_url(live.owner, next="/admin/people"))
    form = by_test(boss, "invite-form")
    form.get_by_label("Email address").fill(EMAIL)
    form.get_by_role("button", name="Mail the invitation").click()
    expect(boss.get_by_text(f"The mail to {EMAIL} leaves in a moment.")).to_be_visible()
    invitation = arrived(live, box, 1)
    boss.reload()
    row = by_test(boss, "invitation-row")
    expect(row.locator("[data-test=account-mail]").get_by_text("Mailed", exact=True)).to_be_visible()
    expect(row.get_by_role("button", name=f"Mail the invitation to {EMAIL} again")).to_be_visible()
    assert_good(boss)

    # out of the mail, in another browser
    ada.goto(live.url + invitation)
    ada.get_by_label("Your name").fill(NAME)
    ada.get_by_label("Password").fill(PASSWORD)
    ada.get_by_role("button", name="Join").click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Events")
    ada.get_by_role("button", name="Sign out").click()

    # forgotten
    ada.get_by_role("link", name="Forgot your password?").click()
    assert_good(ada)
    ada.get_by_label("Email address").fill(EMAIL)
    ada.get_by_role("button", name="Mail me a link").click()
    expect(by_test(ada, "forgotten-asked")).to_contain_text(f"If a colleague here has the address {EMAIL}")
    assert_good(ada)
    link = arrived(live, box, 2)

    # a program that looks at mail opens every link in it
    for _ in range(2):
        assert request("GET", live.url + link, headers={"Accept": "text/html"}).status == 200

    ada.goto(live.url + link)
    button = by_test(ada, "sign-in-link-form").get_by_role("button")
    expect(button).to_have_text(f"Sign in as {NAME}")
    assert_good(ada)
    button.click()
    form = by_test(ada, "password-form")
    expect(form).to_contain_text("You came in by a one-time link")
    form.get_by_label("New password").fill(NEW_PASSWORD)
    form.get_by_role("button", name="Change the password").click()
    expect(ada.get_by_text("Your password is changed.")).to_be_visible()
    ada.get_by_role("button", name="Sign out").click()
    ada.get_by_label("Email address").fill(EMAIL)
    ada.get_by_label("Password").fill(NEW_PASSWORD)
    ada.get_by_role("button", name="Sign in").click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Events")
    assert len(box.taken) == 2
