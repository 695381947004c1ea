"""The failure modes of the story that a mail service brings about: a bounce, and a refusal for the moment."""

import pytest
from playwright.sync_api import Page, expect

from eventmail.models import EVERYWHERE
from tests.browser import steps as common
from tests.browser.calendar import steps
from tests.browser.postbox import Postbox
from tests.browser.steps import Gala, by_test


@pytest.fixture
def gala(posted_gala: Gala) -> Gala:
    return posted_gala


def test_a_calendar_mail_that_bounces_is_tracked_and_its_address_is_left_out_next_time_F1(
    watched: Page, gala: Gala, box: Postbox
) -> None:
    gone, bo = f"gone{gala.id}@guests.example.net", f"bo{gala.id}@guests.example.net"
    gala.add_guests([{"email": gone}, {"email": bo}])
    common.sign_in(watched, gala, "/calendar")
    steps.write(watched)
    tracker = steps.send(watched)
    steps.finished(watched)
    expect(tracker).to_contain_text("1 of 2 were sent. 1 failed.")
    assert common.news(gala) == [
        {"kind": "bounce", "address": gone, "code": "550 5.1.1", "detail": "No such user here"}
    ]
    listed = gala.live.query("SELECT scope, reason FROM suppression WHERE address = ?", gone)
    assert listed == [{"scope": EVERYWHERE, "reason": "hard_bounce"}]
    watched.goto(gala.url("/calendar?new=1"))
    steps.write(watched, "Once more")
    expect(by_test(watched, "calendar-email-recipient-count")).to_contain_text("1 won’t: 1 bounced.")
    steps.send(watched)
    steps.finished(watched)
    assert box.to(gone, bo) == [bo, bo]


def test_a_calendar_mail_is_tried_again_under_one_key_and_delivered_once_S3_S4(
    watched: Page, gala: Gala, box: Postbox
) -> None:
    again = f"again{gala.id}@guests.example.net"
    gala.add_guests([{"email": again}])
    common.sign_in(watched, gala, "/calendar")
    steps.write(watched)
    steps.send(watched)
    steps.finished(watched)
    offered = [str(mail["X-Eventmail-Id"]) for address, mail in box.offered if address == again]
    [mailing] = gala.mailings()
    assert offered == [f"{mailing['key']}-{gala.recipients()[again]['id']}"] * 2
    assert (box.to(again), gala.recipients()[again]["state"]) == ([again], "sent")
