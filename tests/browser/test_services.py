"""From practice to a mail service and back: each outcome reads as it happened, whatever is set since (S13)."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.steps import TRACKED, Gala, by_test, finished, tiles
from tests.browser.test_failure_modes_of_mail_services import Postbox
from tests.support.live import Live
from tests.support.postbox import serving

FINE, GONE, LOST = "ada@guests.example.net", "bo+hardbounce@guests.example.net", "cy+lost@guests.example.net"
EVERYBODY = sorted([FINE, GONE, LOST])
ELSEWHERE = "guest-message-elsewhere"


def restarted(live: Live, page: Page, gala: Gala, **environment: str) -> None:
    """Everything with other settings, and the page signed in."""
    page.goto("about:blank")  # a tracker that asks on would find nobody
    live.stop()
    live.environment |= environment
    live.start()
    steps.sign_in(page, gala)


def sent_while_nobody_works(live: Live, page: Page, gala: Gala, subject: str) -> int:
    """A message of which nothing has left: its id."""
    live.stop_worker()
    page.goto(gala.url("/messages?new=1"))
    steps.write(page, subject, "Hello")
    steps.send(page)
    return int(gala.mailings()[-1]["id"])


def reads(page: Page, gala: Gala, mailing_id: int, counts: dict[str, str]) -> None:
    """Tracker, receipt and list of sent messages say `counts` of a message."""
    page.goto(gala.url(f"/mailings/{mailing_id}"))
    assert {word: number for word, number in tiles(page).items() if number != "0"} == counts
    page.goto(gala.url(f"/mailings/{mailing_id}/receipt"))
    receipt = by_test(page, "receipt")
    for word, number in counts.items():
        expect(receipt).to_contain_text(f"{word}{number}")


def test_S13_practice_then_a_mail_service_then_practice_again(watched: Page, make_live: Callable[..., Live]) -> None:
    live, box = make_live(), Postbox()
    gala = Gala(live, live.event_id)
    gala.add_guests([{"email": address} for address in EVERYBODY])
    live.start()
    steps.sign_in(watched, gala)
    steps.write(watched, "Practised", "Hello")
    steps.send(watched)
    finished(watched)
    practised = int(gala.mailings()[0]["id"])
    practice = {"Kept in outbox": "1", "Failed": "1", "May have been sent": "1"}
    reads(watched, gala, practised, practice)
    begun = sent_while_nobody_works(live, watched, gala, "Begun in practice")

    with serving(box) as port:
        restarted(live, watched, gala, EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=f"smtp://127.0.0.1:{port}")

        # what practice did reads as practice, counts as no mail and keeps nobody out
        reads(watched, gala, practised, practice)
        expect(by_test(watched, "receipt")).to_contain_text("nobody got it")
        watched.goto(gala.url(f"/why?address={FINE}"))
        expect(by_test(watched, "why-page")).to_contain_text("Kept in the outbox at")
        watched.goto(gala.url("/messages?new=1"))
        steps.write(watched, "Practised", "Hello")
        expect(by_test(watched, "guest-message-recipient-count")).to_contain_text("3")
        expect(watched.get_by_text("got another mail")).to_have_count(0)
        expect(watched.get_by_text("This very message went")).to_have_count(0)
        expect(watched.get_by_text("can’t be mailed")).to_have_count(0)

        # what was begun in practice asks, and goes on when somebody says so
        watched.goto(gala.url(f"/messages/{begun}"))
        expect(by_test(watched, ELSEWHERE)).to_contain_text("This message was begun in practice mode.")
        expect(by_test(watched, ELSEWHERE)).to_contain_text("2 still wait.")
        assert box.offered == []
        by_test(watched, "guest-message-go-on").click()
        finished(watched)
        assert box.to(*EVERYBODY) == [FINE, LOST]
        reads(watched, gala, begun, {"Sent": "2"})

        # failed and doubtful of practice, each by a press
        watched.goto(gala.url(f"/messages/{practised}"))
        watched.get_by_role("button", name="Try the 1 failed again, through the mail service").click()
        finished(watched)
        reads(watched, gala, practised, {"Kept in outbox": "1", "Sent": "1", "May have been sent": "1"})
        watched.goto(gala.url(f"/messages/{practised}"))
        watched.get_by_text("Decide about 1 mail that may have been sent").click()
        expect(by_test(watched, "guest-message-decisions")).to_contain_text("so nobody has it")
        by_test(watched, "guest-message-send-again").click()
        finished(watched)
        assert box.to(*EVERYBODY) == [FINE, GONE, LOST, LOST]
        mixed = {"Kept in outbox": "1", "Sent": "2"}
        reads(watched, gala, practised, mixed)
        left = sent_while_nobody_works(live, watched, gala, "Begun with a service")

    restarted(live, watched, gala, EVENTMAIL_PROVIDER="outbox")
    reads(watched, gala, practised, mixed)
    watched.goto(gala.url(f"/why?address={GONE}"))
    expect(by_test(watched, "why-page")).to_contain_text("Sent at")
    watched.goto(gala.url(f"/messages/{left}"))
    expect(by_test(watched, ELSEWHERE)).to_contain_text("This message was begun with the mail service (smtp).")
    by_test(watched, "guest-message-cancel").click()
    expect(by_test(watched, TRACKED)).to_have_attribute("data-state", "cancelled")
