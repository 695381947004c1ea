"""Signed reports: what is let in, and what is read in them."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventmail.errors import BadSignature, InvalidInput
from eventmail.providers import webhook
from eventmail.providers.webhook import Kind, ServiceReport
from tests.support.webhooks import SECRET, signed

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
BODY = b'{"type":"delivered","data":{"email":"a@guests.example.net"}}'


def headers(**changes: str) -> dict[str, str]:
    made: dict[str, str] = signed(BODY, NOW)["headers"]
    return {**made, **{name.replace("_", "-"): value for name, value in changes.items()}}


def test_F1_a_report_signed_with_the_shared_secret_is_let_in_under_its_id() -> None:
    assert webhook.verify(SECRET, headers(), BODY, NOW) == "msg_1"


def test_F1_the_scheme_is_the_published_one() -> None:
    """The example of the Standard Webhooks specification."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    given_headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    now = datetime.fromtimestamp(1614265330, UTC)
    assert webhook.verify(secret, given_headers, body, now) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_F1_a_secret_without_its_prefix_is_the_same_secret() -> None:
    assert webhook.verify(SECRET.removeprefix("whsec_"), headers(), BODY, NOW) == "msg_1"


def test_F1_one_of_several_signatures_is_enough_while_a_secret_is_rotated() -> None:
    several = "v1,AAAA v2,BBBB " + headers()["webhook-signature"]
    assert webhook.verify(SECRET, headers(webhook_signature=several), BODY, NOW) == "msg_1"


@pytest.mark.parametrize(
    ("changed", "body", "later"),
    [
        ({"webhook-signature": ""}, BODY, 0),
        ({"webhook-signature": "v1,"}, BODY, 0),
        ({"webhook-signature": "v1,ﬀ"}, BODY, 0),
        ({"webhook-id": "msg_2"}, BODY, 0),
        ({"webhook-id": ""}, BODY, 0),
        ({"webhook-timestamp": str(int(NOW.timestamp()) + 1)}, BODY, 0),
        ({"webhook-timestamp": "soon"}, BODY, 0),
        ({"webhook-timestamp": "9" * 400}, BODY, 0),
        ({}, BODY + b" ", 0),
        ({}, b"", 0),
        ({}, BODY, 301),
        ({}, BODY, -301),
    ],
)
def test_F1_what_is_forged_changed_or_stale_is_refused(changed: dict[str, str], body: bytes, later: int) -> None:
    with pytest.raises(BadSignature):
        webhook.verify(SECRET, {**headers(), **changed}, body, NOW + timedelta(seconds=later))


def test_F1_another_secret_is_refused() -> None:
    with pytest.raises(BadSignature):
        webhook.verify("whsec_" + "Qm9i" * 8, headers(), BODY, NOW)


def test_a_report_names_its_mail_by_our_id_or_by_the_message_id_we_made() -> None:
    for data in (
        {"eventmail_id": "k3y-17"},
        {"message_id": "<k3y-17@mail.example.org>"},
        {"id": "k3y-17"},
    ):
        assert [
            report.key for report in webhook.parse("m", json.dumps({"type": "delivered", "data": data}).encode())
        ] == ["k3y-17"]


@pytest.mark.parametrize(
    ("given_report", "kind"),
    [
        ({"type": "delivered"}, Kind.DELIVERED),
        ({"type": "email.delivered"}, Kind.DELIVERED),
        ({"type": "deferred"}, Kind.DEFERRED),
        ({"type": "bounce"}, Kind.BOUNCE),
        ({"type": "email.bounced", "data": {"code": "550 5.1.1"}}, Kind.BOUNCE),
        ({"type": "bounce", "data": {"bounce_type": "Soft"}}, Kind.SOFT_BOUNCE),
        ({"type": "bounce", "data": {"hard": False}}, Kind.SOFT_BOUNCE),
        ({"type": "bounce", "data": {"code": "452 4.2.2"}}, Kind.SOFT_BOUNCE),
        ({"type": "bounce", "data": {"code": "550 5.7.1"}}, Kind.REFUSED),
        ({"type": "bounce", "data": {"code": "554 5.6.0"}}, Kind.REFUSED),
        ({"type": "bounce", "data": {"code": "552 5.2.2"}}, Kind.SOFT_BOUNCE),
        ({"type": "bounce", "data": {"code": "552 5.3.4"}}, Kind.REFUSED),
        ({"type": "bounce", "data": {"code": "554 5.4.6"}}, Kind.REFUSED),
        ({"type": "bounce", "data": {"code": "553 5.1.8"}}, Kind.REFUSED),
        ({"type": "hard_bounce", "data": {"code": "5.7.1"}}, Kind.REFUSED),
        ({"type": "bounce", "data": {"reason": "smtp; 550 5.1.1 No such user"}}, Kind.BOUNCE),
        ({"type": "bounce", "data": {"reason": "550 5.7.1 Blocked"}}, Kind.REFUSED),
        ({"type": "bounce", "data": {"reason": "550 #5.7.1 Your access was rejected"}}, Kind.REFUSED),
        ({"type": "bounce", "data": {"reason": "smtp; 452 4.2.2 Over quota"}}, Kind.SOFT_BOUNCE),
        ({"type": "bounce", "data": {"reason": "Sender address rejected: User unknown"}}, Kind.REFUSED),
        ({"type": "bounce", "data": {"reason": "550 User unknown"}}, Kind.BOUNCE),
        ({"type": "bounce", "data": {"reason": "550 Rejected"}}, Kind.REFUSED),
        ({"type": "hard_bounce", "data": {"reason": "550 Rejected"}}, Kind.BOUNCE),
        ({"type": "bounce", "data": {"hard": True, "reason": "550 Rejected"}}, Kind.BOUNCE),
        ({"type": "bounce", "data": {"bounce_type": "permanent", "reason": "550 Spam"}}, Kind.REFUSED),
        ({"type": "bounce", "data": {"reason": "550 <team@example.org>: User unknown"}}, Kind.REFUSED),
        (
            {
                "type": "bounce",
                "data": {"to": "spam@relay.example", "reason": "550 <spam@relay.example>: User unknown"},
            },
            Kind.BOUNCE,
        ),
        ({"type": "bounce", "data": {"reason": "Delivery expired", "code": "4.4.7"}}, Kind.REFUSED),
        ({"type": "soft-bounce"}, Kind.SOFT_BOUNCE),
        ({"type": "soft_bounce", "data": {"code": "550 5.1.1"}}, Kind.SOFT_BOUNCE),
        ({"type": "soft_bounce", "data": {"reason": "450 4.7.1 Greylisted by policy"}}, Kind.REFUSED),
        ({"type": "complaint"}, Kind.COMPLAINT),
    ],
)
def test_F1_policy_and_content_refusals_are_no_bounce_and_temporary_ones_are_soft(
    given_report: dict[str, Any], kind: Kind
) -> None:
    body = json.dumps(given_report).encode()
    assert [report.kind for report in webhook.parse("m", body, sender="team@example.org")] == [kind]


def test_several_reports_in_one_delivery_have_an_id_each() -> None:
    several = [
        {"type": "bounce", "email": "a@b.example"},
        {"type": "opened"},
        {"type": "complaint", "to": ["c@d.example"]},
    ]
    wanted = [
        ServiceReport("m#0", Kind.BOUNCE, "", "a@b.example", "", ""),
        ServiceReport("m#2", Kind.COMPLAINT, "", "c@d.example", "", ""),
    ]
    assert webhook.parse("m", json.dumps(several).encode()) == wanted
    assert webhook.parse("m", json.dumps({"events": several}).encode()) == wanted


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'"text"', b"[1]", b'{"events": 3}', b"[" * 100_000])
def test_what_is_no_report_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        webhook.parse("m", body)


def test_a_thousand_reports_are_the_most() -> None:
    webhook.parse("m", json.dumps([{"type": "bounce"}] * 1000).encode())
    with pytest.raises(InvalidInput):
        webhook.parse("m", json.dumps([{"type": "bounce"}] * 1001).encode())


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=9), children, max_size=3),
    max_leaves=8,
)
_DATA = st.dictionaries(st.sampled_from(["email", "to", "code", "detail", "message_id", "hard", "bounce_type"]), _JSON)


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["bounce", "delivered", "complaint"]) | _JSON}, optional={"data": _DATA | _JSON}
    )
)
def test_whatever_a_report_holds_it_is_read_as_lines_that_any_database_keeps(report: dict[str, Any]) -> None:
    for read in webhook.parse("m", json.dumps(report).encode()):
        for text in (read.key, read.email, read.code, read.detail):
            assert len(text.encode()) <= 4 * webhook.LONGEST_TEXT
            assert {category(sign) for sign in text} & {"Cc", "Cs"} == set()


def test_what_a_report_says_is_kept_as_one_printable_line() -> None:
    awkward = {"type": "bounce", "data": {"detail": "a\x00b\ud800c\nd\x9b", "code": " 5 "}}
    [read] = webhook.parse("m", json.dumps(awkward).encode())
    assert (read.detail, read.code) == ("a b c d", "5")


@given(st.binary(max_size=200))
def test_no_body_is_more_than_refused(body: bytes) -> None:
    with suppress(InvalidInput):
        webhook.parse("m", body)
