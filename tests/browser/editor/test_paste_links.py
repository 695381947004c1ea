"""Links and merge fields of a paste: only addresses that are known to be harmless stay (C1, C5)."""

import pytest

from tests.browser.editor.conftest import Bundle
from tests.support.pasting import markdown, paste


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://e.com/a?b=c&amp;style=1#d", "https://e.com/a?b=c&style=1#d"),
        (" HTTPS://E.com ", "HTTPS://E.com"),
        ("mailto:ada@e.com?subject=Hi", "mailto:ada@e.com?subject=Hi"),
        ("tel:+4930123", "tel:+4930123"),
        ("{event.url}", "{event.url}"),
        ("%7Bevent.url%7D", "{event.url}"),
        ("%7bevent.url%7Chttps:%2F%2Fe.com%7d?a", "{event.url|https://e.com}?a"),
        ("https://e.com/?g=%7Bguest.email%7D&amp;x=%7By%7D", "https://e.com/?g={guest.email}&x=%7By%7D"),
        ("https://www.google.com/url?sa=D&amp;q=https://e.com/a%3Fb%3Dc", "https://e.com/a?b=c"),
        ("https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fe.com%2Fa&amp;data=1", "https://e.com/a"),
    ],
)
def test_c5_a_link_of_a_known_kind_keeps_its_address(bundle: Bundle, address: str, kept: str) -> None:
    assert paste(bundle.page, f'<a href="{address}">text</a>').addresses == [kept]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "java&#10;script:alert(1)",
        "&#106;avascript&colon;alert(1)",
        "\x01javascript:alert(1)",
        " &#14; javascript:alert(1)",
        "&#8203;https://e.com",
        "https://e.com/\u202egpj",
        "ht&#9;tps://e.com",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://e.com/1",
        "view-source:https://e.com",
        "/relative",
        "//e.com/a",
        "page.html",
        "#top",
        "",
        "http:",
        "https://",
        "https://[bad",
        "https:e.com",
        "{event.url}:alert(1)",
        "{event.url|javascript:alert(1)}",
        "%7Bx%7D",
        "https://www.google.com/url?q=javascript:alert(1)",
        "https://a.safelinks.protection.outlook.com/?url=data:text/html,x",
    ],
)
@pytest.mark.parametrize("attribute", ["href", "data-href"])
def test_c5_any_other_link_is_its_text(bundle: Bundle, address: str, attribute: str) -> None:
    pasted = paste(bundle.page, f'<p>a <a {attribute}="{address}">text</a> b</p>')
    assert pasted.html == "<p>a text b</p>"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="https://e.com/">https://e.com</a>', "https://e.com"),
        ('<a href="mailto:ada@e.com">ada@e.com</a>', "ada@e.com"),
        ('<a href="http://www.e.com/">www.e.com</a>', "www.e.com"),
        ('<a href="https://e.com/login">https://bank.com</a>', "[https\\://bank.com](https://e.com/login)"),
        ('<a href="https://e.com">a<b>b</b></a>', "[a**b**](https://e.com)"),
        ('<a href="https://e.com"><div>a</div><p>b</p></a>', "[a](https://e.com)\n\n[b](https://e.com)"),
        ('<a href="https://e.com"></a><a name="x">y</a>', "y"),
    ],
)
def test_c5_a_link_whose_text_is_its_address_is_bare(bundle: Bundle, html: str, expected: str) -> None:
    assert markdown(bundle.page, html) == expected


@pytest.mark.parametrize("written", ["{guest.firstName}", "{guest.firstName|you & me}", "{guest.x y}"])
def test_c1_a_copied_merge_field_stays_one(bundle: Bundle, written: str) -> None:
    shown = written.replace("&", "&amp;")
    for inner in ("", shown):
        pasted = paste(bundle.page, f'<p>a <span data-token="{shown}">{inner}</span></p>')
        assert pasted.elements == [("p", {}), ("span", {"data-token": written})]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("{guest.firstName}", "Hello"),  # says something else
        ("<img src=x>", ""),
        ("{guest.firstName", ""),
        ("\\{", ""),
        ("{}", ""),
        ("{a}{b}", ""),
        ("{guest.\u202efirst}", ""),
        ("{a|b&#10;c}", ""),
    ],
)
def test_c1_what_only_looks_like_a_merge_field_is_its_text(bundle: Bundle, written: str, shown: str) -> None:
    html = f'<p>a <span data-token="{written}">{shown}</span></p>'
    assert paste(bundle.page, html).html == f"<p>a {shown}</p>".replace(" </p>", "</p>")


def test_c5_a_source_out_of_sight_is_pasted_as_code_that_is_seen(bundle: Bundle) -> None:
    html = '<pre data-raw data-source="::: button https://evil.example&#10;Win&#10;:::"></pre>'
    assert markdown(bundle.page, html) == "```\n::: button https://evil.example\nWin\n:::\n```"


def test_c5_a_button_that_leads_nowhere_is_its_label(bundle: Bundle) -> None:
    html = '<div data-kind="button" data-href="javascript:x" data-label="Win">here</div>'
    assert markdown(bundle.page, html) == "Win\n\nhere"
