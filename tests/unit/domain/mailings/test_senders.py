"""Which addresses for answers nobody reads."""

import pytest

from eventmail.domain.mailings.senders import is_unread


@pytest.mark.parametrize(
    "address",
    [
        "noreply@gala.org", "no-reply@gala.org", "No_Reply@gala.org", "no.reply@gala.org", "gala-noreply@gala.org",
        "noreply+gala@gala.org", "noreply2@gala.org", "donotreply@gala.org", "do-not-reply@gala.org",
        "dont-reply@gala.org", "no-response@gala.org", "do-not-respond@gala.org", "keine-antwort@gala.de",
        "nicht-antworten@gala.de", "ne-pas-repondre@gala.fr", "mailer-daemon@gala.org", "eventmail@localhost",
    ],
)  # fmt: skip
def test_C7_an_address_that_says_so_is_read_by_nobody(address: str) -> None:
    assert (is_unread(address, outside=False), is_unread(address, outside=True)) == (True, True)


@pytest.mark.parametrize(
    "address",
    [
        "gala@gala.org",
        "noreplyson@gala.org",
        "norbert@gala.org",
        "antwort@gala.de",
        "reply@gala.org",
        "ana.no@gala.org",
    ],
)
def test_C7_any_other_address_is_read_by_somebody(address: str) -> None:
    assert (is_unread(address, outside=False), is_unread(address, outside=True)) == (False, False)


def test_C7_an_address_that_nobody_can_have_is_read_while_mail_stays_here() -> None:
    assert [is_unread("gala@example.org", outside=outside) for outside in (False, True)] == [False, True]
