"""The buttons of the tracker: undo, cancel, try again, decide about doubt."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.steps import TRACKED, Gala, by_test, finished, send, sign_in, tiles, write
from tests.support.browser import assert_visible_everywhere, axe
from tests.support.live import Live
from tests.support.waiting import wait_for


def test_S7_a_send_can_be_undone_and_comes_back_to_the_composer_with_every_word(
    watched: Page, make_live: Callable[..., Live]
) -> None:
    live = make_live(EVENTMAIL_UNDO_SECONDS="60")
    live.start()
    gala = Gala(live, live.event_id)
    gala.add_guests(3)
    sign_in(watched, gala)
    write(watched, "Doors open", "Hi {guest.firstName}")

    tracker = send(watched)
    expect(tracker).to_contain_text("Nothing has left yet. It begins at")
    assert_visible_everywhere(watched, [TRACKED, "guest-message-undo"])
    watched.keyboard.press("Tab")
    expect(by_test(watched, "guest-message-undo")).to_be_focused()
    by_test(watched, "guest-message-undo").click()

    expect(watched.get_by_label("Subject")).to_have_value("Doors open")
    expect(watched.get_by_label("Message", exact=True)).to_have_value("Hi {guest.firstName}")
    expect(watched.get_by_label("Confirmed")).to_be_checked()
    assert [mailing["state"] for mailing in gala.mailings()] == ["cancelled"]
    assert {row["state"] for row in gala.recipients().values()} == {"cancelled"}
    assert gala.mails() == []


@pytest.mark.soak
def test_S7_a_send_that_is_not_undone_leaves_when_its_time_has_come(
    watched: Page, make_live: Callable[..., Live]
) -> None:
    live = make_live(EVENTMAIL_UNDO_SECONDS="2")
    live.start()
    gala = Gala(live, live.event_id)
    gala.add_guests(3)
    sign_in(watched, gala)
    write(watched, "Doors open", "Hi")

    send(watched)

    finished(watched)
    assert len(gala.mails()) == 3
    expect(by_test(watched, "guest-message-undo")).to_have_count(0)


def test_S6_who_still_waits_is_cancelled_and_who_has_the_mail_is_told(watched: Page, gala: Gala) -> None:
    gala.add_guests([{"email": f"g{n:02}+slow@guests.example.net"} for n in range(30)])
    sign_in(watched, gala)
    write(watched, "Doors open", "Hi")
    send(watched)
    wait_for(gala.mails, what="the first mail")

    by_test(watched, "guest-message-cancel").click()

    tracker = by_test(watched, TRACKED)
    expect(tracker.get_by_role("heading")).to_have_text("Cancelled")
    expect(tracker).to_contain_text("cancelled and will not leave")
    wait_for(lambda: gala.mailings()[0]["n_sending"] == 0, what="the group in hand to be over")
    [mailing] = gala.mailings()
    assert mailing["n_sent"] + mailing["n_cancelled"] == 30
    assert mailing["n_cancelled"] > 0
    assert len(gala.mails()) == mailing["n_sent"]
    axe(watched)


def test_S8_the_failed_are_tried_again_and_nobody_else(watched: Page, gala: Gala) -> None:
    gala.add_guests([{"email": "full+softbounce@guests.example.net"}, {"email": "fine@guests.example.net"}])
    sign_in(watched, gala)
    write(watched, "Doors open", "Hi")
    send(watched)
    finished(watched)
    assert tiles(watched)["Failed"] == "1"

    by_test(watched, "guest-message-retry").click()

    wait_for(
        lambda: (
            {address: row["attempts"] for address, row in gala.recipients().items()}
            == {"full+softbounce@guests.example.net": 2, "fine@guests.example.net": 1}
        ),
        what="one more attempt for the failed one",
    )
    finished(watched)
    assert len(gala.mails()) == 1


def test_S5_doubt_is_decided_with_the_consequence_spelled_out(watched: Page, gala: Gala) -> None:
    gala.add_guests([{"email": "a+lost@guests.example.net"}, {"email": "fine@guests.example.net"}])
    sign_in(watched, gala)
    write(watched, "Doors open", "Hi")
    send(watched)
    finished(watched)

    decisions = by_test(watched, "guest-message-decisions")
    decisions.get_by_text("Decide about 1 mail that may have been sent").click()
    expect(decisions).to_contain_text("It is kept in the outbox once more.")
    assert_visible_everywhere(watched, ["guest-message-sent", "guest-message-send-again"])
    axe(watched)
    by_test(watched, "guest-message-sent").click()

    expect(by_test(watched, TRACKED).get_by_role("heading")).to_have_text("Finished")
    assert tiles(watched)["Kept in outbox"] == "2"
    assert {row["state"] for row in gala.recipients().values()} == {"sent"}
    assert len(gala.mails()) == 2


def test_T1_T2_without_a_worker_the_tracker_says_so_goes_on_when_one_starts_and_asks_no_more_at_its_end(
    watched: Page, make_live: Callable[..., Live]
) -> None:
    live = make_live()
    live.start_web()
    gala = Gala(live, live.event_id)
    gala.add_guests(2)
    sign_in(watched, gala)
    write(watched, "Doors open", "Hello")
    polls: list[str] = []

    def note(request: Request) -> None:
        if request.method == "GET" and request.headers.get("hx-request"):
            polls.append(request.url)

    tracker = send(watched)
    watched.on("request", note)
    expect(tracker).to_contain_text("Nothing is working on this right now")
    expect(tracker).to_contain_text("Your message is safe and goes on as soon as one runs.")
    expect(tracker.locator("code")).to_have_text(".venv/bin/eventmail worker")
    assert tiles(watched)["Queued"] == "2"
    assert gala.mails() == []
    assert_visible_everywhere(watched, [TRACKED])
    live.start_worker()
    finished(watched)
    expect(tracker).not_to_contain_text("Nothing is working on this right now")
    assert len(gala.mails()) == 2
    assert {url.partition("?seen=")[0] for url in polls} == {watched.url}
    expect(tracker).not_to_have_attribute("hx-trigger", "every 1s")
    asked = len(polls)
    watched.evaluate("new Promise(done => setTimeout(done, 1600))")
    assert len(polls) == asked, "a finished tracker goes on asking"
