"""A signed address has one spelling: whatever is changed in it is refused, and says nothing about the event (K3)."""

import io
import string
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any, NamedTuple
from urllib.parse import quote

import h11
import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from eventmail import signing
from eventmail.domain.events import calendar_address
from eventmail.errors import BadSignature, NotFound
from eventmail.serving import gateway
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.budgets import budget

Link = Callable[..., str]
REFUSED = {403, 404}
_HERE = gateway.Address(("127.0.0.1", 40000), ("127.0.0.1", 8000))


class Answer(NamedTuple):
    status: int
    headers: dict[bytes, bytes]
    data: bytes


Ask = Callable[..., Answer]


@pytest.fixture
def ask(app: Flask) -> Ask:
    """ask(target, method="GET", **headers): the answer to exactly these characters, as our server asks for it."""

    def asked(target: str, method: str = "GET", **headers: str) -> Answer:
        given = [("Host", "mail.example"), *((name.replace("_", "-"), value) for name, value in headers.items())]
        request = h11.Request(method=method, target=target, headers=given)
        answer = gateway.answer(app, {**gateway.environ(request, _HERE), "wsgi.input": io.BytesIO()})
        with answer.body:
            return Answer(answer.status, dict(answer.headers), answer.body.read())

    return asked


@pytest.fixture(params=["the event's file", "a guest's file", "the event's page", "a guest's page"])
def address(request: pytest.FixtureRequest, event_id: int, add_guest: Any, link: Link, page_link: Link) -> str:
    """Each kind of address in turn."""
    made = link if request.param.endswith("file") else page_link
    return made(event_id, add_guest("ada@guests.org")) if "guest" in request.param else made(event_id)


def each_byte(address: str) -> Iterator[str]:
    """The address with each byte in turn left out, doubled, changed, in the other case, and percent-encoded."""
    for at, byte in enumerate(address):
        before, after = address[:at], address[at + 1 :]
        others = [other for other in ("A", "0", "-", "_", "~", "%C3%A9") if other != byte]
        yield from (before + other + after for other in ("", byte * 2, f"%{ord(byte):02x}", *others))
        if byte.swapcase() != byte:
            yield before + byte.swapcase() + after


def around(address: str) -> Iterator[str]:
    """The address with something in front, behind or in between."""
    path, name = address.rsplit("/", 1)
    yield from (address + more for more in (
        "?", "?x=1", "?utm_source=mail", "?guest=2", "&x=1", ";x=1", "#", "/", "//", "/.", ".", ")", "%20", "%00",
        "%0a", "%2e", ".ics", ".ics.ics", "%3Fx=1", "=", "==", "%3D", "A" * 3000, "/" * 2000, "%FF", "%C0%AF", "%u0041",
    ))  # fmt: skip
    yield from (before + address for before in ("/", "//", "/.", "/x/..", "/calendar/..", "/calendar", "/static/.."))
    yield from (f"{path}{between}{name}" for between in ("//", "/./", "/../calendar/", "/%2e/", "/x/../", "%2F", "\\"))
    yield from (address.upper(), address.title(), address.replace("calendar", "Calendar"), quote(address, safe=""))
    yield from (address.removesuffix(".ics"), address.replace(".ics", ".ICS"), f"{address.removesuffix('.ics')}.ics.")


def test_K3_whatever_is_changed_in_an_address_is_refused(ask: Ask, address: str) -> None:
    assert ask(address).status == 200
    changed = {other for other in (*each_byte(address), *around(address)) if other.startswith("/")} - {address}
    assert len(changed) > 300
    assert {other: code for other in changed if (code := ask(other).status) not in REFUSED} == {}


def test_K3_an_address_named_with_its_host_is_the_same_address(ask: Ask, address: str) -> None:
    """RFC 9112 3.2.2: servers must accept it."""
    assert ask(f"http://mail.example{address}").status == 200


def test_K3_each_other_last_character_of_a_signature_is_refused_though_it_may_decode_to_the_same_bytes(
    ask: Ask, event_id: int, link: Link
) -> None:
    good = link(event_id).removesuffix(".ics")
    others = set(string.ascii_letters + string.digits + "-_") - {good[-1]}
    assert {ask(f"{good[:-1]}{other}.ics").status for other in others} == {403}


def test_K3_the_address_of_one_is_no_address_of_another(
    ask: Ask, event_id: int, add_event: Any, add_guest: Any, link: Link, page_link: Link
) -> None:
    other_event, ada, bob = add_event(), add_guest("ada@guests.org"), add_guest("bob@guests.org")
    made = {(event, guest, of): of(event, guest)
            for event in (event_id, other_event) for guest in (None, ada, bob) for of in (link, page_link)}  # fmt: skip
    heads = {whose: address.removesuffix(".ics")[:-22] for whose, address in made.items()}
    signatures = {whose: address.removesuffix(".ics")[-22:] for whose, address in made.items()}
    mixed = [heads[one] + signatures[other] + (".ics" if one[2] is link else "")
             for one, other in permutations(made, 2)]  # fmt: skip
    assert len(mixed) == 12 * 11
    assert {ask(address).status for address in mixed} == {403}
    assert {ask(address).status for address in made.values()} == {200}


def test_K3_an_address_from_before_guests_had_their_own_stays_right(
    ask: Ask, event_id: int, settings: Settings, app: Flask, link: Link
) -> None:
    with app.app_context():
        secret = seeding.event(event_id).ics_secret
    signature = signing.sign(settings.secret, "calendar", event_id, secret)
    assert link(event_id) == f"/calendar/{event_id}-{signature}.ics"
    assert ask(f"/calendar/{event_id}-{signature}.ics").status == 200


@given(st.text(st.characters(codec="utf-8"), max_size=60) | st.from_regex(calendar_address._ADDRESS, fullmatch=True))
@example("/calendar/9223372036854775808-AAAAAAAAAAAAAAAAAAAAAA.ics")
@example("/calendar/1.9999999999999999999-AAAAAAAAAAAAAAAAAAAAAA.ics")
@settings(max_examples=budget(100), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_K3_a_made_up_address_opens_nothing(app: Flask, event_id: int, text: str) -> None:
    with app.app_context(), pytest.raises((BadSignature, NotFound)):
        calendar_address.opened(text, b"s" * 32)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_K3_an_address_is_only_read(ask: Ask, address: str, method: str) -> None:
    answer = ask(address, method)
    assert (answer.status, answer.headers[b"Allow"]) == (405, b"GET, HEAD, OPTIONS")


def test_K3_a_head_is_the_answer_without_its_body(ask: Ask, address: str) -> None:
    got, head = ask(address), ask(address, "HEAD")
    kept = {b"Content-Type", b"Content-Length", b"ETag", b"Content-Disposition", b"Cache-Control"}
    assert head.data == b""
    shown = [{name: value for name, value in answer.headers.items() if name in kept} for answer in (got, head)]
    assert (shown[0], head.status) == (shown[1], 200)


@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=-5", "bytes=99999-", "bytes=5-1", "bytes=0-1,3-4", "pages=1"])
def test_K3_a_part_is_answered_with_the_whole(ask: Ask, event_id: int, link: Link, asked: str) -> None:
    answer = ask(link(event_id), Range=asked)
    assert (answer.status, answer.data) == (200, ask(link(event_id)).data)


def test_K3_who_opens_an_address_gets_no_cookie_and_no_search_engine_keeps_it(ask: Ask, address: str) -> None:
    headers = {name.lower(): value for name, value in ask(address).headers.items()}
    assert b"set-cookie" not in headers
    assert headers[b"x-robots-tag"] == b"noindex, nofollow"
