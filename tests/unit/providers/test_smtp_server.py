"""A real server at the other end: what it gets is what was handed over, once."""

import asyncio
import threading

import pytest
from aiosmtpd.smtp import SMTP

from eventmail.providers.base import Accepted, Permanent
from eventmail.providers.smtp.service import LANES, Smtp, check, parse
from tests.support.smtp_peer import handed_over, mail, patient


class Handler:
    """Keeps what came; has no mailbox for `nobody`."""

    def __init__(self):
        self.mails = []
        self.peers = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(0)
        self.peers.add(session.peer)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return f"250 2.0.0 Taken as {len(self.mails)}"


class Pipelining(Handler):
    """Says that commands may be sent ahead; aiosmtpd takes them in any case."""

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]


@pytest.fixture(params=[Handler, Pipelining], ids=["lock-step", "pipelined"])
def handler(request):
    return request.param()


@pytest.fixture
def provider(handler):
    loop = asyncio.new_event_loop()

    def server():
        return SMTP(handler, hostname="peer.example", enable_SMTPUTF8=True, loop=loop)

    listening = loop.run_until_complete(loop.create_server(server, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    provider = Smtp(parse(f"smtp://127.0.0.1:{listening.sockets[0].getsockname()[1]}"), timeouts=patient())
    yield provider
    provider.close()
    asyncio.run_coroutine_threadsafe(_end(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    listening.close()
    loop.close()


async def _end():
    """Every connection's conversation is over."""
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)


TEXTS = [
    b"Subject: plain\r\n\r\nHello\r\n",
    b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\n...\r\n.\r\n",
    b".Subject: dot first\r\n\r\n.\r\n",
    b"Subject: commands\r\n\r\n.\r\nMAIL FROM:<evil@example.com>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n",
    b"Subject: long\r\n\r\n" + b"A line of a longer mail.\r\n" * 5000,
    b"Subject: ends in empty lines\r\n\r\n\r\n\r\n",
]


def test_C4_every_mail_arrives_byte_for_byte_and_once(provider, handler):
    sent = [mail(number, data=TEXTS[number % len(TEXTS)]) for number in range(40)]
    outcomes = [outcome for start in (0, 20) for outcome in handed_over(provider, sent[start : start + 20])]
    assert sorted(outcome.id for outcome in outcomes) == sorted(f"Taken as {number}" for number in range(1, 41))
    assert sorted(handler.mails) == sorted((each.sender, [each.to], each.data) for each in sent)
    assert len(handler.peers) == LANES


def test_a_refused_recipient_leaves_the_others_alone(provider, handler):
    sent = [mail(0), mail(1, to="nobody@example.com"), mail(2), mail(3, to="nobody2@example.com")]
    outcomes = list(handed_over(provider, sent))
    assert [type(outcome) for outcome in outcomes] == [Accepted, Permanent, Accepted, Permanent]
    assert [(outcome.code, outcome.hard) for outcome in outcomes[1::2]] == [("550 5.1.1", True)] * 2
    assert [to for _, to, _ in handler.mails] == [[sent[0].to], [sent[2].to]]


def test_an_international_address_arrives(provider, handler):
    sent = [mail(0, to="jörg@bücher.example", data="Subject: Grüße\r\n\r\nHallo\r\n".encode()), mail(1)]
    assert [type(outcome) for outcome in handed_over(provider, sent)] == [Accepted] * 2
    assert handler.mails[0][1:] == (["jörg@xn--bcher-kva.example"], sent[0].data)


def test_check_finds_a_real_server(provider):
    server = provider.server
    found = check(f"smtp://{server.host}:{server.port}", timeouts=patient())
    assert found[0] == f"The mail server 127.0.0.1, port {server.port}, answers"
