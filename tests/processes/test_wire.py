"""HTTP/1.1 as the web process speaks it: what clients, proxies and whoever plays tricks may send."""

import json

import pytest

from tests.support import seeding
from tests.support.live import Live
from tests.support.wire import chunked, request, wire

HEALTH = request("GET", "/healthz")
SIGN_IN = "/sign-in"
FORM = "Content-Type: application/x-www-form-urlencoded"
TOO_MUCH = 64 * 1024 + 1  # bytes from a stranger
UPLOAD = 300_000  # bytes: more than is held in memory


@pytest.fixture(scope="module")
def bearer(shared_live: Live) -> str:
    with shared_live.app.app_context():
        return f"Authorization: Bearer {seeding.add_api_token(shared_live.organizer)}"


@pytest.fixture
def paste(shared_live: Live) -> str:
    """Where guests are pasted, of an event of this test."""
    with shared_live.app.app_context():
        return f"/admin/events/{seeding.add_event(shared_live.organizer)}/guests/paste"


def test_a_connection_is_kept_for_the_next_request(shared_live: Live) -> None:
    with wire(shared_live.port, HEALTH) as it:
        assert it.hear().status == 200
        it.say(HEALTH)
        assert (it.hear().status, it.is_open()) == (200, True)


def test_requests_that_are_sent_ahead_are_answered_in_their_order(shared_live: Live) -> None:
    with wire(shared_live.port, HEALTH + request("GET", "/nowhere") + HEALTH) as it:
        assert [it.hear().status for _ in range(3)] == [200, 404, 200]


def test_head_tells_the_length_and_sends_nothing(shared_live: Live) -> None:
    with wire(shared_live.port, request("HEAD", "/static/css/app.css") + request("GET", "/static/css/app.css")) as it:
        told, sent = it.hear(head=True), it.hear()
        assert (told.status, sent.status) == (200, 200)
        assert int(told.headers["content-length"]) == len(sent.body) > 0


def test_what_is_known_already_is_304_without_a_body(shared_live: Live) -> None:
    with wire(shared_live.port, request("GET", "/static/css/app.css")) as it:
        known = it.hear().headers["etag"]
        it.say(request("GET", "/static/css/app.css", f"If-None-Match: {known}") + HEALTH)
        assert [(it.hear(head=True).status), it.hear().status] == [304, 200]


@pytest.mark.parametrize("host", [b"Host: localhost\r\n", b""])
def test_http_1_0_is_answered_and_closed(shared_live: Live, host: bytes) -> None:
    with wire(shared_live.port, b"GET /healthz HTTP/1.0\r\n" + host + b"\r\n") as it:
        assert it.hear().status == 200
        assert it.closed()


def test_who_asks_to_close_is_closed(shared_live: Live) -> None:
    with wire(shared_live.port, request("GET", "/healthz", "Connection: close")) as it:
        assert it.hear().headers["connection"] == "close"
        assert it.closed()


def test_a_target_may_name_the_server(shared_live: Live) -> None:
    with wire(shared_live.port, request("GET", "http://elsewhere.example/healthz?x=1")) as it:
        assert it.hear().status == 200


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 4\r\n\r\nabcd", 400),
        (b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST /sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\nBad Name: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 40_000 + b"\r\n\r\n", 431),
        (b"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n", 400),
        (b"GET ftp://elsewhere.example/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_closed(shared_live: Live, said: bytes, status: int) -> None:
    with wire(shared_live.port, said) as it:
        assert it.hear().status == status
        assert it.closed()


def test_the_same_length_told_twice_counts_once(shared_live: Live) -> None:
    with wire(shared_live.port, request("POST", "/unsubscribe/preview", "Content-Length: 3", body=b"a=b")) as it:
        assert it.hear().status == 200


# Bodies


def test_a_body_in_chunks_arrives_whole(shared_live: Live, paste: str, bearer: str) -> None:
    said = json.dumps({"addresses": "chunk@guests.example, two@guests.example", "dry_run": True}).encode()
    head = request("POST", paste, bearer, "Content-Type: application/json", "Transfer-Encoding: chunked")
    with wire(shared_live.port, head + chunked(said[:7], said[7:]) + HEALTH) as it:
        answer = it.hear()
        assert (answer.status, json.loads(answer.body)["created"]) == (200, 2)
        assert it.hear().status == 200


def test_who_waits_to_be_asked_for_the_body_is_asked(shared_live: Live) -> None:
    with wire(
        shared_live.port, request("POST", "/unsubscribe/preview", "Expect: 100-continue", "Content-Length: 3")
    ) as it:
        assert it.hear().status == 100
        it.say(b"a=b")
        assert it.hear().status == 200


@pytest.mark.parametrize("asks", ["", "Expect: 100-continue"])
@pytest.mark.parametrize("target", [SIGN_IN, "/forgotten", "/unsubscribe/1-x", "/unsubscribe/preview"])
def test_more_than_64_kb_of_a_stranger_are_not_read(shared_live: Live, target: str, asks: str) -> None:
    length = f"Content-Length: {TOO_MUCH}"
    with wire(shared_live.port, request("POST", target, FORM, length, *[asks] * bool(asks))) as it:
        assert it.hear().status == 413  # before a byte of the body was sent
        assert it.closed()


def test_more_than_64_kb_in_chunks_are_not_read_on(shared_live: Live) -> None:
    with wire(shared_live.port, request("POST", SIGN_IN, FORM, "Transfer-Encoding: chunked")) as it:
        it.say(b"%x\r\n%s" % (10 * TOO_MUCH, b"x" * TOO_MUCH))
        assert it.hear().status == 413
        assert it.closed()


def test_64_kb_of_a_stranger_are_read(shared_live: Live) -> None:
    with wire(shared_live.port, request("POST", "/unsubscribe/preview", FORM, body=b"x" * (TOO_MUCH - 1))) as it:
        assert it.hear().status == 200


def test_a_file_of_who_is_not_signed_in_is_not_read(shared_live: Live) -> None:
    target = f"/admin/events/{shared_live.event_id}/guests/import"
    wrong = "Authorization: Bearer no-such-token"
    with wire(
        shared_live.port, request("POST", target, wrong, "Content-Type: text/csv", "Content-Length: 9999999")
    ) as it:
        assert it.hear().status == 401
        assert it.closed()


@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_file_of_who_is_signed_in_arrives_whole(shared_live: Live, paste: str, bearer: str, in_chunks: bool) -> None:
    rows = [b"guest%d@guests.example,%s" % (number, b"x" * (UPLOAD // 1000)) for number in range(1000)]
    data = b"\n".join([b"email,note", *rows])
    how = "Transfer-Encoding: chunked" if in_chunks else f"Content-Length: {len(data)}"
    head = request("POST", paste.replace("paste", "import"), bearer, "Content-Type: text/csv", how)
    with wire(shared_live.port, head + (chunked(data[:9], data[9:]) if in_chunks else data)) as it:
        answer = it.hear()
        assert (answer.status, json.loads(answer.body)["created"]) == (200, 1000)


def test_a_page_that_takes_no_file_takes_4_mb(shared_live: Live, paste: str, bearer: str) -> None:
    length = f"Content-Length: {4 * 1024 * 1024 + 1}"
    with wire(shared_live.port, request("POST", paste, bearer, "Content-Type: application/json", length)) as it:
        answer = it.hear()
        assert (answer.status, json.loads(answer.body)["detail"]) == (
            413, "At most 4 MB are taken here. Nothing was read.",
        )  # fmt: skip


# What a header can't poison


@pytest.mark.parametrize(
    "header",
    [
        "SCRIPT_NAME: /evil", "Script-Name: /evil", "X-Script-Name: /evil", "X-Forwarded-Prefix: /evil",
        "X_Forwarded_Proto: https", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example",
        "X-Forwarded-Port: 1", "Forwarded: host=evil.example;proto=https", "PATH_INFO: /evil", "REMOTE_USER: evil",
    ],
)  # fmt: skip
def test_a_header_changes_no_address_of_any_page(shared_live: Live, header: str) -> None:
    plain = request("GET", SIGN_IN, "Accept: text/html")
    with wire(shared_live.port, request("GET", SIGN_IN, "Accept: text/html", header) + plain * 8) as it:
        pages = [it.hear() for _ in range(9)]
    assert {page.status for page in pages} == {200}
    assert not any(b"evil" in page.body or b"https://localhost" in page.body for page in pages)
    assert all(b'href="/static/css/app.css?v=' in page.body for page in pages)


def test_a_name_with_an_underscore_is_not_the_one_with_a_hyphen(shared_live: Live, bearer: str) -> None:
    given = ["X-Forwarded-For: 192.0.2.1", "X_Forwarded_For: 192.0.2.1"]
    told = []
    for header in given:
        with wire(shared_live.port, request("GET", "/healthz", header)) as it:
            told.append("database" in json.loads(it.hear().body))
    assert told == [False, True]  # the first says that a proxy asks for somebody else


def test_no_redirect_names_the_host_that_was_asked_for(shared_live: Live) -> None:
    asked = b"GET /unsubscribe//preview?lang=de HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    with wire(shared_live.port, asked) as it:
        answer = it.hear()
    assert (answer.status, answer.headers["location"], b"evil" in answer.body) == (
        308,
        "/unsubscribe/preview?lang=de",
        False,
    )


# Tricks of who wants two servers to see two different requests


@pytest.mark.parametrize(
    "said",
    [
        b"Transfer-Encoding: identity\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n",
        b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\na=b",
        b"Transfer-Encoding: xchunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length : 3\r\n\r\na=b",
        b"Content-Length: +3\r\n\r\na=b",
        b"Content-Length: 0x3\r\n\r\na=b",
        b"Content-Length: 3\r\nContent-Length: 0\r\n\r\na=b",
        b"Content-Length: \r\n\r\n",
        b"Content-Length: " + b"9" * 400 + b"\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n+3\r\na=b\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0x3\r\na=b\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\na=bXX0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n3;" + b"x" * 100_000,
    ],
    ids=lambda said: repr(said[:50]),
)
def test_a_length_in_doubt_ends_the_connection_and_what_follows_is_no_request(shared_live: Live, said: bytes) -> None:
    head = b"POST /unsubscribe/preview HTTP/1.1\r\nHost: localhost\r\n"
    with wire(shared_live.port, head + said + request("GET", "/smuggled")) as it:
        assert it.hear().status in (400, 413, 431, 501)
        assert it.rest() == b""


@pytest.mark.parametrize(
    ("said", "answers"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n3;name=value\r\na=b\r\n0\r\n\r\n", [200, 200]),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\nTrailer: x\r\n\r\n", [200, 200]),
        (b"Content-Length: 3\r\nX-Folded: a\r\n b\r\n\r\na=b", [200, 200]),
        (b"Content-Length: 00003\r\n\r\na=b", [200, 200]),
    ],
)  # fmt: skip
def test_what_is_odd_and_clear_is_one_request(shared_live: Live, said: bytes, answers: list[int]) -> None:
    head = b"POST /unsubscribe/preview HTTP/1.1\r\nHost: localhost\r\n"
    with wire(shared_live.port, head + said + HEALTH) as it:
        assert [it.hear().status for _ in answers] == answers


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"GET /healthz\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"GET /healthz HTTP/0.9\r\nHost: a\r\n\r\n", 505),
        (b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    ],
)
def test_an_ancient_or_a_foreign_protocol_is_refused(shared_live: Live, said: bytes, status: int) -> None:
    with wire(shared_live.port, said) as it:
        assert it.hear().status == status


def test_a_megabyte_of_headers_is_refused(shared_live: Live) -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1000) for number in range(1000))
    with wire(shared_live.port, b"GET / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n") as it:
        assert it.hear().status == 431
        assert it.closed()


def test_100_requests_ahead_get_100_answers(shared_live: Live) -> None:
    with wire(shared_live.port, HEALTH * 100) as it:
        assert [it.hear().status for _ in range(100)] == [200] * 100
        assert it.is_open()


def test_the_body_of_a_head_request_is_no_request(shared_live: Live) -> None:
    with wire(shared_live.port, request("HEAD", "/healthz", body=request("GET", "/smuggled")) + HEALTH) as it:
        assert [it.hear(head=True).status, it.hear().status] == [200, 200]
        assert it.is_open()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:1", "[::1]", "a@evil.example", "..", "evil.example/x", ""]
)
@pytest.mark.parametrize(
    "target", ["//evil.example", "//evil.example/admin/", "/\\evil.example", "http://evil.example//x"]
)
def test_no_address_or_host_leads_elsewhere(shared_live: Live, target: str, host: str) -> None:
    said = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n\r\n".encode()
    with wire(shared_live.port, said) as it:
        answer = it.hear()
    assert answer.status < 500
    leads = answer.headers.get("location", "/")
    assert leads.startswith(("/", f"{shared_live.url}/"))
    assert not leads.startswith(("//", "/\\"))


# Answers that are large


@pytest.fixture(scope="module")
def large(shared_live: Live, bearer: str) -> bytes:
    """Asks for a file of some megabytes."""
    with shared_live.app.app_context():
        path = f"/admin/events/{seeding.add_event(shared_live.organizer)}/guests"
    rows = b"".join(b"guest%d@guests.example,%s\n" % (number, b"x" * 1_500) for number in range(2_000))
    data = b"email,note\n" + rows
    with wire(shared_live.port, request("POST", f"{path}/import", bearer, "Content-Type: text/csv", body=data)) as it:
        assert it.hear().status == 200
    return request("GET", f"{path}/export", bearer)


def test_who_leaves_in_the_middle_of_files_frees_all_they_held(shared_live: Live, large: bytes) -> None:
    for _ in range(12):  # more than there are threads and database connections
        with wire(shared_live.port, large) as it:
            assert it.socket.recv(1000)
    with wire(shared_live.port, HEALTH) as it:
        assert it.hear().status == 200


def test_a_slow_reader_who_goes_on_gets_all_of_it(shared_live: Live, large: bytes) -> None:
    with wire(shared_live.port, large) as fast, wire(shared_live.port, large) as slow:
        whole, heard = fast.hear().body, b""
        while len(heard.partition(b"\r\n\r\n")[2]) < len(whole):
            piece = slow.socket.recv(4096)
            assert piece, "the other side gave up"
            heard += piece
    assert heard.partition(b"\r\n\r\n")[2] == whole
    assert len(whole) > 3_000_000
