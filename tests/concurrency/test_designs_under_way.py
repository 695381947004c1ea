"""Messages and tests of a design with the real worker: the text that was sent stays theirs, whoever dies or refuses."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from eventmail import clock
from eventmail.domain.instance import housekeeping
from tests.support import seeding
from tests.support.armed import armed
from tests.support.budgets import in_soak
from tests.support.designing import WRITTEN
from tests.support.frozen import await_point
from tests.support.live import Answer, Live
from tests.support.messages import add_guests, finished, mailing
from tests.support.smtp_peer import Peer, Taken
from tests.support.waiting import wait_for

OLD, NEW = "Come to Fixture Gala.", "Do not come."


def ask(live: Live, method: str, path: str, body: Any = None, key: str = "", token: str = "") -> Answer:
    """A request below the event; with `token` another person's."""
    headers = {**({"Idempotency-Key": key} if key else {}), **({"Authorization": f"Bearer {token}"} if token else {})}
    answer = live.api(method, f"/admin/events/{live.event_id}{path}", body, headers)
    assert answer.status < 300, answer.text
    return answer


def published(live: Live) -> str:
    """The path of a design whose text OLD is published."""
    path = f"/email-templates/{ask(live, 'POST', '/email-templates', WRITTEN).json['id']}"
    ask(live, "POST", f"{path}/publication")
    return path


def send(live: Live, design: str) -> int:
    """A message of what is published, to everybody who confirmed: its id."""
    named = {"id": design.rpartition("/")[2], "snapshot": "published"}
    body = {"kind": "one_time", "design": named, "audience": {"statuses": ["confirmed"]}}
    return int(ask(live, "POST", "/mailings", body, "once").json["id"])


def publish(live: Live, design: str) -> None:
    ask(live, "PATCH", design, {"revision": 1, "subject": "New", "body": NEW})
    ask(live, "POST", f"{design}/publication", {"revision": 2})


def archive(live: Live, design: str) -> None:
    publish(live, design)
    ask(live, "POST", f"{design}/archiving")


def restore(live: Live, design: str) -> None:
    publish(live, design)
    ask(live, "POST", f"{design}/revisions/1/restoration")
    ask(live, "PATCH", design, {"revision": 3, "body": f"{NEW} Never."})


def purge(live: Live, design: str) -> None:
    archive(live, design)
    with live.app.app_context():
        housekeeping.purge(clock.now() + timedelta(days=400))


def stored(live: Live, mailing_id: int) -> list[dict[str, Any]]:
    """The message's content row, the revision it names, and the digest of its text."""
    return live.query(
        "SELECT m.design_id, m.design_number, m.design_digest, m.content_id, c.subject, c.body, c.compiled, c.hash "
        "FROM mailing m JOIN content c ON c.id = m.content_id WHERE m.id = ?",
        mailing_id,
    )


def first_line(mail: Any) -> str:
    return str(next(mail.iter_parts()).get_content().splitlines()[0])


@pytest.mark.parametrize("change", [publish, purge, *in_soak(archive, restore)])
def test_D3_a_worker_killed_in_a_run_and_begun_again_mails_everybody_the_text_that_was_sent_once(
    make_live: Callable[..., Live], change: Callable[[Live, str], None]
) -> None:
    live = make_live()
    live.start_web()
    add_guests(live, 41)
    design = published(live)
    mailing_id = send(live, design)
    before = stored(live, mailing_id)
    dying = armed(live, "frozen at the second mail")
    await_point(live, dying)

    change(live, design)
    dying.kill()
    dying.wait()
    live.start_worker()
    wait_for(finished(live, mailing_id), what="the end of the run")
    ask(live, "POST", f"/mailings/{mailing_id}/decisions", {"all": True, "decision": "send_again"})  # what was in hand
    wait_for(finished(live, mailing_id), what="the end of the second run")

    mails = live.outbox()
    assert Counter(str(mail["To"]) for mail in mails) == {f"guest-{n:03}@guests.example.net": 1 for n in range(1, 42)}
    assert {(mail["Subject"], first_line(mail)) for mail in mails} == {("Hi Guest", OLD)}
    assert stored(live, mailing_id) == before
    assert {name: n for name, n in mailing(live, mailing_id)["counts"].items() if n} == {"sent": 41}
    content = mailing(live, mailing_id)["content"]
    assert (content["body"], content["design"], content["revision"]) == (
        WRITTEN["body"], design.rpartition("/")[2], 1,
    )  # fmt: skip


def keys(mails: list[Taken]) -> list[tuple[str, str]]:
    """The two headers of each mail that carry its key (S3)."""
    parsed: list[EmailMessage] = [message_from_bytes(mail.data, policy=policy.default) for mail in mails]
    return [(str(mail["X-Eventmail-Id"]), str(mail["Message-ID"])) for mail in parsed]


@pytest.mark.soak
def test_S3_S4_a_message_of_a_design_that_is_put_off_keeps_its_key_and_arrives_once(
    make_live: Callable[..., Live],
) -> None:
    later, busy = b"451 4.7.1 Come back later\r\n", b"421 4.3.2 Too busy\r\n"
    with Peer({"RCPT": [later], ".": [later, busy]}) as peer:
        live = make_live(EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=peer.url)
        live.start()
        add_guests(live, 1)
        design = published(live)
        mailing_id = send(live, design)
        wait_for(lambda: len(peer.messages) == 1, what="the first try to be refused")
        publish(live, design)
        wait_for(finished(live, mailing_id), what="the end of the run")

        tries = live.query("SELECT outcome FROM attempt ORDER BY id")
        assert [one["outcome"] for one in tries] == ["transient"] * 3 + ["accepted"]
        assert [mail.answered[:3] for mail in peer.messages] == [b"451", b"421", b"250"]
        assert len(set(keys(peer.messages))) == 1
        assert {first_line(message_from_bytes(mail.data, policy=policy.default)) for mail in peer.messages} == {OLD}
        assert {name: n for name, n in mailing(live, mailing_id)["counts"].items() if n} == {"sent": 1}
        live.stop()


def test_E1_the_key_of_a_test_reaches_the_mail_service_and_two_people_with_one_key_send_two(
    make_live: Callable[..., Live],
) -> None:
    odd = '"it\'s"<k>@;:' + "x" * 240  # 255 characters, as long as a key may be
    with Peer({".": [b"451 4.7.1 Come back later\r\n"]}) as peer:
        live = make_live(EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=peer.url)
        live.start()
        design = published(live)
        with live.app.app_context():
            owner = seeding.add_api_token(live.owner)
        to = {"to": ["a@organizers.org"]}
        ids = []
        for key, token in (("Ab-c_1", ""), ("Ab-c_1", ""), ("Ab-c_1", owner), (odd, ""), (odd, "")):
            ids.append(ask(live, "POST", f"{design}/test-sends", to, key, token).json["id"])
            wait_for(finished(live, int(ids[-1])), what="the test to arrive")

        assert (ids[0] == ids[1], ids[3] == ids[4], len(set(ids))) == (True, True, 3)
        assert [mail.answered[:3] for mail in peer.messages] == [b"451", b"250", b"250", b"250"]
        sent = keys(peer.messages)
        assert sent[0] == sent[1]
        assert len(set(sent)) == 3
        for key, message_id in sent:
            assert message_id.startswith(f"<{key}@")
        shapes = [re.sub(r"-[a-z2-9]{8}-\d+$", "", key) for key, _ in sent]
        assert shapes[:3] == ["Ab-c_1"] * 3
        assert re.fullmatch(r"[0-9a-f]{32}", shapes[3])
        live.stop()
