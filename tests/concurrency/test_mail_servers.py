"""Runs through real mail servers: what each refuses is understood, nobody is listed for a fault of ours (F5, S12)."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes

import pytest

from tests.support.exim import Exim
from tests.support.live import Live
from tests.support.mail_server import DOMAIN, SENDER, MailServer, Mode
from tests.support.messages import add_guests, finished, send
from tests.support.opensmtpd import OpenSmtpd
from tests.support.postfix import Postfix
from tests.support.waiting import wait_for

pytestmark = pytest.mark.soak  # needs root and packages


def named(word: str, count: int) -> list[str]:
    return [f"{word}{number}@{DOMAIN}" for number in range(count)]


THERE, GREY, GONE, FULL = named("there", 24), named("grey", 2), named("gone", 3), named("full", 2)
SIGN_IN = "refuses the credentials"


@dataclass(frozen=True)
class Scenario:
    """A run that the server stops: what it says, and whether before anybody was tried."""

    mode: Mode
    words: str
    everybody_waits: bool = True


SPAM = Scenario(Mode.SPAM, "Spam message rejected", everybody_waits=False)
STOPPED = [
    (Postfix, SPAM),
    (Postfix, Scenario(Mode.SENDER, "Sender address rejected: User unknown in virtual mailbox table")),
    (Postfix, Scenario(Mode.NO_RELAY, "Relay access denied")),
    (Exim, SPAM),
    (
        Exim,
        Scenario(Mode.SENDER, f"Verification failed for <{SENDER}>; Unknown user; Sender verify failed"),
    ),
    (Exim, Scenario(Mode.NO_RELAY, "relay not permitted")),
    (OpenSmtpd, SPAM),
    (OpenSmtpd, Scenario(Mode.SENDER, "Sender address rejected")),
    (OpenSmtpd, Scenario(Mode.NO_RELAY, "Invalid recipient", everybody_waits=False)),
]


def sent_through(make_live: Callable[..., Live], url: str, people: list[str]) -> tuple[Live, int]:
    """A run of a live instance: the instance, and the id of the message."""
    live = make_live(EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=url, EVENTMAIL_FROM=SENDER)
    live.start()
    add_guests(live, *({"email": address} for address in people))
    return live, send(live)


def listed(live: Live) -> set[str]:
    return {row["address"] for row in live.query("SELECT address FROM suppression")}


@pytest.mark.parametrize("kind", [Postfix, Exim, OpenSmtpd])
def test_F5_unknown_users_full_mailboxes_and_a_greylist_each_get_what_is_theirs(
    make_live: Callable[..., Live], kind: type[MailServer]
) -> None:
    with kind(Mode.ORDINARY, [*THERE, *GREY]) as server:
        url = server.url() if kind is not OpenSmtpd else f"smtp://127.0.0.1:{server.port}"
        live, mailing_id = sent_through(make_live, url, [*THERE, *GREY, *GONE, *FULL])
        wait_for(finished(live, mailing_id), 90.0, "the end of the run")
        wait_for(lambda: not server.waiting(), 60.0, "the deliveries")
        live.stop()
        got = Counter(message_from_bytes(raw)["To"] for raw in server.mails())
    states = {row["email"]: row["state"] for row in live.query("SELECT email, state FROM recipient")}
    assert states == {
        **dict.fromkeys([*THERE, *GREY], "sent"),
        **dict.fromkeys([*GONE, *FULL], "failed"),
    }
    assert got == dict.fromkeys([*THERE, *GREY], 1)
    assert listed(live) == set(GONE)


@pytest.mark.parametrize(
    ("kind", "scenario"),
    [pytest.param(kind, scenario, id=f"{kind.name}-{scenario.mode.name}") for kind, scenario in STOPPED],
)
def test_S12_what_a_server_has_against_us_stops_the_run_and_lists_nobody(
    make_live: Callable[..., Live], kind: type[MailServer], scenario: Scenario
) -> None:
    with kind(scenario.mode, THERE) as server:
        live, _ = sent_through(make_live, f"smtp://127.0.0.1:{server.port}", THERE)
        wait_for(lambda: live.query("SELECT 1 FROM job WHERE stopped IS NOT NULL"), 60.0, "the run to stop")
        live.stop()
        assert (server.count(), server.waiting()) == (0, [])
    assert_stopped(live, scenario)


@pytest.mark.parametrize("kind", [Postfix, Exim])
def test_S12_a_wrong_password_stops_the_run_before_anybody(
    make_live: Callable[..., Live], kind: type[MailServer]
) -> None:
    with kind(Mode.ORDINARY) as server:
        live, _ = sent_through(make_live, server.url("wrong"), THERE)
        wait_for(lambda: live.query("SELECT 1 FROM job WHERE stopped IS NOT NULL"), 60.0, "the run to stop")
        live.stop()
        assert (server.count(), server.waiting()) == (0, [])
    assert_stopped(live, Scenario(Mode.ORDINARY, SIGN_IN))


def assert_stopped(live: Live, scenario: Scenario) -> None:
    """The words are told, nobody is listed, and who was not tried waits."""
    states = Counter(row["state"] for row in live.query("SELECT state FROM recipient"))
    [job] = live.query("SELECT stopped FROM job")
    if scenario.everybody_waits:
        assert states == {"queued": len(THERE)}
        assert scenario.words in job["stopped"]
    else:
        assert states["failed"] >= 10
        assert states["failed"] + states["queued"] == len(THERE)
        why = {row["detail"] for row in live.query("SELECT detail FROM attempt WHERE detail != ''")}
        assert all(scenario.words in words for words in why)
    assert listed(live) == set()
