"""One mailbox has one spelling to be compared by."""

import pytest

from eventmail import addresses
from eventmail.errors import InvalidInput


@pytest.mark.parametrize(
    "spelling",
    ["xn@exämple.com", "xn@exa\u0308mple.com", "XN@EXÄMPLE.com", "xn@xn--exmple-cua.com", "Xn@XN--EXMPLE-CUA.com"],
)
def test_A7_every_spelling_of_a_domain_is_the_same_mailbox(spelling: str) -> None:
    assert addresses.normalized(spelling) == "xn@xn--exmple-cua.com"


@pytest.mark.parametrize(
    "spelling", ["foo@example.com", "FOO@Example.COM", "foo@\uff45xample.com", "foo@example\u3002com"]
)
def test_A7_a_domain_from_another_keyboard_is_the_same_mailbox(spelling: str) -> None:
    assert addresses.normalized(addresses.checked(spelling)) == "foo@example.com"


def test_A7_what_is_sent_to_is_spelled_so_that_the_wire_can_carry_it() -> None:
    assert addresses.spelled("foo@example\u3002com") == "foo@example.com"
    assert addresses.spelled("no address") == "no address"


def test_A7_a_local_part_has_one_spelling_too() -> None:
    assert addresses.normalized("\u00f6@nfc.de") == addresses.normalized("o\u0308@nfc.de")


def test_A7_what_is_typed_in_ascii_is_sent_to_as_typed() -> None:
    assert addresses.checked("  Ada.Lovelace@Example.ORG ") == "Ada.Lovelace@Example.ORG"


@pytest.mark.parametrize("email", ["a" * 65 + "@example.org", "a b@example.org", "a@b", "<a@example.org>", ""])
def test_what_is_no_address_is_refused_by_name(email: str) -> None:
    assert addresses.is_valid(email) is False
    with pytest.raises(InvalidInput):
        addresses.checked(email)


@pytest.mark.parametrize(
    "line", ["ada@m\u00fcnchen.example", "Ada <ada@x.m\u00fc.example>, eve@x.example", "a@\u4f8b\u3048"]
)
def test_few_addresses_of_a_list_have_domains_beyond_ascii(line: str) -> None:
    plain = ["m\u00fcller@guests.example", "M\u00fcller, ada@guests.example", "ada@guests.example \u00fc"] * 5_000
    addresses.few_foreign([*plain, *[line] * addresses.MOST_FOREIGN])
    with pytest.raises(InvalidInput, match="More than 2,000 addresses"):
        addresses.few_foreign([*plain, *[line] * (addresses.MOST_FOREIGN + 1)])
