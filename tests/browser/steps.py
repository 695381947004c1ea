"""What the stories do over and over: sign in, pick, write, review, send, and look at what became of it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import FrameLocator, Locator, Page, expect

from eventmail.db import transaction
from eventmail.domain.people import sessions
from eventmail.web.core.access import SESSION
from tests.support import seeding
from tests.support.live import Live
from tests.support.seeding import Person

SENT_URL = re.compile(r"/(messages|calendar)/\d+$")
MESSAGE = "guest-message"  # the prefix of the page “New message”
TRACKED = "guest-message-job-tracker"
WARNING = "guest-message-warning"
COMPOSER = (
    "guest-messaging-page",
    "guest-message-audience-picker",
    "guest-message-editor",
    "guest-message-recipient-count",
    "guest-message-preview",
    "guest-message-send-cta",
    "guest-message-test-send-cta",
)


@dataclass(frozen=True)
class Gala:
    """An event of one test alone on a running instance."""

    live: Live
    id: int

    def url(self, path: str = "") -> str:
        return f"{self.live.url}/admin/events/{self.id}{path}"

    def add_guests(self, people: int | list[dict[str, Any]], **common: Any) -> list[int]:
        with self.live.app.app_context():
            return seeding.add_guests(self.id, people, **common)

    def mailings(self) -> list[dict[str, Any]]:
        """What was sent, oldest first; what is written saves itself as a draft and counts among `drafts`."""
        return self.live.query(
            "SELECT * FROM mailing WHERE event_id = ? AND state <> 'draft' ORDER BY created_at, id", self.id
        )

    def drafts(self) -> list[dict[str, Any]]:
        """Every draft with its text, oldest first."""
        return self.live.query(
            "SELECT draft_text.* FROM draft_text JOIN mailing ON mailing.id = mailing_id WHERE event_id = ? "
            "ORDER BY mailing_id",
            self.id,
        )

    def recipients(self) -> dict[str, dict[str, Any]]:
        """Every recipient of every mailing of this event by address as typed."""
        found = self.live.query(
            "SELECT recipient.* FROM recipient JOIN mailing ON mailing.id = mailing_id WHERE event_id = ?", self.id
        )
        assert len({row["email"] for row in found}) == len(found), "somebody is a recipient twice"
        return {row["email"]: row for row in found}

    def mails(self) -> list[EmailMessage]:
        """The mails of this event in the outbox folder, oldest first."""
        keys = {row["key"] for row in self.mailings()}
        return [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in sorted((self.live.instance / "outbox").glob("*.eml"))
            if path.name.split(".")[1].rpartition("-")[0] in keys
        ]

    def reservations(self) -> list[tuple[int, int, int]]:
        """(reserved, consumed, refunded) of each run of this event, oldest first."""
        found = self.live.query(
            "SELECT reserved, consumed, refunded FROM reservation "
            "JOIN mailing ON mailing.id = mailing_id WHERE event_id = ? ORDER BY reservation.id",
            self.id,
        )
        return [(row["reserved"], row["consumed"], row["refunded"]) for row in found]

    def request_ids(self) -> dict[str, list[str]]:
        """The request id of each attempt, oldest first, by address as typed."""
        found: dict[str, list[str]] = {address: [] for address in self.recipients()}
        for row in self.live.query(
            "SELECT email, request_id FROM attempt JOIN recipient ON recipient.id = recipient_id "
            "JOIN mailing ON mailing.id = mailing_id WHERE event_id = ? ORDER BY attempt.id",
            self.id,
        ):
            found[row["email"]].append(row["request_id"])
        return found

    def by_address(self) -> dict[str, EmailMessage]:
        """The mails of this event by address; no address has two."""
        mails = self.mails()
        found = {mail["To"].addresses[0].addr_spec: mail for mail in mails}
        assert len(found) == len(mails), "somebody has two mails"
        return found

    def mail_to(self, address: str) -> EmailMessage:
        """The one mail to `address`."""
        found = [mail for mail in self.mails() if mail["To"].addresses[0].addr_spec == address]
        assert len(found) == 1, f"{len(found)} mails to {address}"
        return found[0]


def body(mail: EmailMessage, kind: str = "plain") -> str:
    """The text of one part, line ends as in HTTP answers."""
    part = mail.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def by_test(page: Page, name: str) -> Locator:
    return page.locator(f'[data-test="{name}"]')


def press_link(page: Page, url: str) -> None:
    """Open a one-time link and press its button."""
    page.goto(url)
    by_test(page, "sign-in-link-form").get_by_role("button").click()
    expect(by_test(page, "sign-in-link-form")).to_have_count(0)


def sign_in(page: Page, gala: Gala, path: str = "/messages", person: Person | None = None) -> None:
    """To a page of the event, as `person` (the organizer) who signed in before; test_people.py does so by the form."""
    person = person or gala.live.organizer
    with gala.live.app.app_context(), transaction() as tx:
        token = sessions.begin(tx, person.id, seeding.acting(person), sessions.NOWHERE, by_link=True)
    signer = SecureCookieSessionInterface().get_signing_serializer(gala.live.app)
    assert signer is not None
    value = signer.dumps({"_permanent": True, SESSION: token})
    page.context.add_cookies([{
        "name": gala.live.app.config["SESSION_COOKIE_NAME"], "value": value, "url": gala.live.url, "httpOnly": True,
        "sameSite": "Lax",
    }])  # fmt: skip
    page.goto(gala.url(path))
    expect(page).to_have_url(gala.url(path))


def unfold(page: Page) -> None:
    """Press Change where the audience is folded to a line."""
    folded = page.locator("#to-picker:not([open]) > summary")
    if folded.count():
        folded.click()


def pick(page: Page, statuses: Iterable[str], prefix: str = MESSAGE) -> None:
    if not statuses:
        return
    unfold(page)
    picker = by_test(page, f"{prefix}-audience-picker")
    for status in statuses:
        picker.get_by_label(status).check()


def write(
    page: Page, subject: str, text: str, *, statuses: Iterable[str] = ("Confirmed",), prefix: str = MESSAGE
) -> None:
    """Fill in the composer of the page."""
    pick(page, statuses, prefix)
    editor = by_test(page, f"{prefix}-editor")
    editor.get_by_label("Subject").fill(subject)
    editor.get_by_label("Message", exact=True).fill(text)


def review(page: Page, prefix: str = MESSAGE) -> Locator:
    """Press the primary button of the composer: the dialog."""
    by_test(page, f"{prefix}-send-cta").click()
    dialog = page.get_by_role("dialog", name="Send this message?")
    expect(dialog).to_be_visible()
    return dialog


def refused(page: Page, press: str, path: str, status: int, code: str, prefix: str = MESSAGE) -> Locator:
    """Press a button: the answer has this status and the warning tells why; there is nothing to confirm."""
    with page.expect_response(f"**{path}") as answer:
        by_test(page, press).click()
    assert answer.value.status == status
    warning = by_test(page, f"{prefix}-warning")
    expect(warning).to_have_attribute("data-error-code", code)
    expect(by_test(page, f"{prefix}-send-confirm")).to_have_count(0)
    return warning


def send(page: Page, prefix: str = MESSAGE) -> Locator:
    """Review and confirm: the tracker."""
    review(page, prefix)
    by_test(page, f"{prefix}-send-confirm").click()
    tracker = by_test(page, f"{prefix}-job-tracker")
    expect(tracker).to_be_visible()
    page.wait_for_url(SENT_URL)
    return tracker


def finished(page: Page, prefix: str = MESSAGE) -> None:
    """Wait, without touching the page, until its tracker says that the run is over."""
    expect(by_test(page, f"{prefix}-job-tracker")).to_have_attribute("data-state", "finished")


def tiles(page: Page) -> dict[str, str]:
    """What the tracker counts, by the words of its tiles."""
    tracker = by_test(page, TRACKED)
    words, numbers = (tracker.locator(f".tile {part}").all_inner_texts() for part in ("dt", "dd"))
    return dict(zip(words, numbers, strict=True))


def request_ids(page: Page) -> dict[str, list[str]]:
    """What the table of recipients shows of each attempt, by address."""
    rows = by_test(page, "mailing-recipients").locator("tbody tr").all()
    return {row.locator("td").first.inner_text(): row.locator("code").all_inner_texts() for row in rows}


def preview(page: Page, prefix: str = "guest-message") -> FrameLocator:
    """The mail in the preview's frame."""
    return page.frame_locator(f'[data-test="{prefix}-preview"] iframe')


def preview_html(page: Page, prefix: str = "guest-message") -> str:
    """The bytes of the mail in the preview's frame, as text, without its marks and its scheme, which no mail has."""
    source = str(by_test(page, f"{prefix}-preview").locator("iframe").get_attribute("src"))
    bare = source.replace("&marks=on", "").replace("&scheme=light", "")
    return page.request.get(page.url.split("/admin")[0] + bare).text()


def nothing_left(gala: Gala) -> bool:
    """Whether nothing of this event was sent, queued or reserved."""
    return not (gala.mailings() or gala.recipients() or gala.reservations() or gala.mails())


def news(gala: Gala) -> list[dict[str, str]]:
    """What is known of bounces of this event's mails."""
    return gala.live.query("SELECT kind, address, code, detail FROM email_event WHERE event_id = ?", gala.id)
