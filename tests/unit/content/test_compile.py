import re
import secrets

import pytest

from eventmail.content.compile import SIZE_REFUSED, compile_content
from eventmail.content.compiled import Compiled
from eventmail.content.personalise import render
from eventmail.errors import InvalidInput, UnresolvedToken


@pytest.fixture
def rendered(fields):
    """Compiles a body and renders it for the values."""

    def render_body(body, values=None, *, subject="S", preheader="", strict=True):
        return render(compile_content(subject, preheader, body, fields=fields, strict=strict), values or {}, fields)

    return render_body


def inner(html):
    """What stands between the card's edges, without the inlined styles."""
    body = re.search(r'<td class="em-body"[^>]*>\n(.*?)</td></tr>\n<tr><td class="em-foot"', html, re.DOTALL)
    assert body is not None
    return re.sub(r' style="[^"]*"', "", body[1])


def said(text):
    return text.partition("\n\n------------------------\n")[0]


def test_C2_unknown_tokens_refuse_the_content_and_are_all_named(fields):
    with pytest.raises(UnresolvedToken) as refused:
        compile_content("{firstName}", "", "Hello\n\n{guest.fristName} {xx.yy}", fields=fields)
    assert [(error.field, error.code, error.message) for error in refused.value.fields] == [
        (
            "subject",
            "UNRESOLVED_TOKEN",
            '"{firstName}" in the subject is not a field we know. Did you mean {guest.firstName}?',
        ),
        (
            "body",
            "UNRESOLVED_TOKEN",
            '"{guest.fristName}" in the body, line 3, is not a field we know. Did you mean {guest.firstName}?',
        ),
        ("body", "UNRESOLVED_TOKEN", '"{xx.yy}" in the body, line 3, is not a field we know.'),
    ]
    assert refused.value.detail == " ".join(error.message for error in refused.value.fields)


def test_C2_a_drafts_preview_marks_unknown_tokens_and_shows_them_as_written(rendered):
    mail = rendered("Hi {fristName}, [x]({a.b})", subject="{c.d}", strict=False)
    assert inner(mail.html) == (
        '<p>Hi <span class="em-unknown">{fristName}</span>, x (<span class="em-unknown">{a.b}</span>)</p>\n'
    )
    assert (mail.subject, said(mail.text)) == ("{c.d}", "Hi {fristName}, x ({a.b})")


@pytest.mark.parametrize(
    ("subject", "body", "field"),
    [("", "x", "subject"), (" \t\n", "x", "subject"), ("s", " \n", "body"), ("x" * 999, "x", "subject")],
)
def test_C5_an_empty_or_endless_part_is_refused(fields, subject, body, field):
    with pytest.raises(InvalidInput) as refused:
        compile_content(subject, "", body, fields=fields)
    assert [error.field for error in refused.value.fields] == [field]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("a\n\n::: button\nGo\n:::", "needs one web address"),
        ("a\n\n::: button https://a.example https://b.example\nGo\n:::", "needs one web address"),
        ("a\n\n::: button https://a.example\n:::", "needs the words"),
        ("a\n\n::: button https://a.example\nGo", "has no closing"),
        ("a\n\n::: button javascript:alert(1)\nGo\n:::", "must begin with https://"),
        ("a\n\n::: button /relative\nGo\n:::", "must begin with https://"),
        ("a\n\n::: columns\nGo\n:::", "is not one we know"),
        ("a\n\n::: calendar-links now\n:::", "takes no address"),
        ("a\n\n:::", "closes no block"),
    ],
)
def test_C5_a_broken_block_is_refused_by_its_line_and_shown_in_a_preview(fields, rendered, body, message):
    with pytest.raises(InvalidInput, match=r"^Line 3 of the body: ") as refused:
        compile_content("s", "", body, fields=fields)
    assert message in refused.value.detail
    assert rendered(body, strict=False).subject == "S"


def test_C6_a_mail_beyond_100_KB_is_refused_and_its_size_is_known(fields):
    size = compile_content("s", "", "word " * 8000, fields=fields).size
    assert size == pytest.approx(2 * 5 * 8000 * 1.03, rel=0.08)
    with pytest.raises(InvalidInput, match="beyond 100 KB"):
        compile_content("s", "", "word " * (SIZE_REFUSED // 10), fields=fields)


def test_C5_html_in_a_body_is_text_and_no_link_leaves_the_four_schemes(rendered):
    mail = rendered(
        "<script>x</script> <b onclick=x>b</b> [js](javascript:alert(1)) [rel](/x) [data](data:text/html,x) "
        "[ok](https://a.example/?a=1&b=2) ![i](javascript:x) ![pic](https://a.example/p.png) [t](tel:+4930)"
    )
    assert inner(mail.html) == (
        "<p>&lt;script&gt;x&lt;/script&gt; &lt;b onclick=x&gt;b&lt;/b&gt; js (javascript:alert(1)) "
        "rel (/x) data (data:text/html,x) "
        '<a href="https://a.example/?a=1&amp;b=2">ok</a> i <img src="https://a.example/p.png" alt="pic"> '
        '<a href="tel:+4930">t</a></p>\n'
    )


def test_C5_a_bar_in_a_fallback_never_splits_a_table(rendered):
    mail = rendered("| a | b |\n|---|--:|\n| {guest.seat|x|y} | 2 |")
    assert re.findall(r"<td[^>]*>(.*?)</td>", inner(mail.html)) == ["x|y", "2"]
    assert said(mail.text) == "a: x|y\nb: 2"


def test_C5_markdown_in_values_and_fallbacks_stays_text(rendered):
    mail = rendered("{guest.firstName} {guest.seat|**x** [y](z)}", {"guest.firstName": "# *a* `b` ::: <i>"})
    assert inner(mail.html) == "<p># *a* `b` ::: &lt;i&gt; **x** [y](z)</p>\n"
    assert said(mail.text) == "# *a* `b` ::: <i> **x** [y](z)"


def test_C4_an_author_cannot_write_a_sentinel(fields, monkeypatch):
    drawn = iter(["00", "00", "11"])
    monkeypatch.setattr(secrets, "token_hex", lambda _size: next(drawn))
    compiled = compile_content("s", "", "{guest.firstName} q00t0z", fields=fields)
    mail = render(compiled, {"guest.firstName": "Ada"}, fields)
    assert (inner(mail.html), said(mail.text)) == ("<p>Ada q00t0z</p>\n", "Ada q00t0z")


def test_C4_sentinels_are_drawn_anew_for_each_compilation(fields, monkeypatch):
    drawn = []

    def draw(size):
        drawn.append(size)
        return "ab" * size

    monkeypatch.setattr(secrets, "token_hex", draw)
    compile_content("s", "", "{guest.firstName}", fields=fields)
    compile_content("s", "", "{guest.firstName}", fields=fields)
    assert drawn == [8, 8]


def test_C5_the_same_source_compiles_to_the_same_value_and_another_to_another_hash(fields, body):
    one = compile_content("Hi {guest.firstName}", "p", body, fields=fields)
    assert one == compile_content("Hi {guest.firstName}", "p", body, fields=fields)
    assert one.hash != compile_content("Hi {guest.firstName}", "p", f"{body}.", fields=fields).hash
    assert re.fullmatch("[0-9a-f]{64}", one.hash)


def test_C5_the_stored_form_loads_as_it_was(fields, body):
    compiled = compile_content("Hi {guest.firstName}", "p {guest.seat|x}", body, fields=fields)
    assert Compiled.load(compiled.dump()) == compiled
    assert Compiled.load(compiled.dump().removesuffix("}") + ',"settled":[]}') == compiled  # as it was once written
    with pytest.raises(ValueError, match="version 7"):
        Compiled.load(compiled.dump().replace('"version":1', '"version":7'))


def test_C6_the_shell_has_what_mail_programs_need(rendered):
    html = rendered("x", {"unsubscribe.url": "https://m.example/u/1", "event.title": "Gala"}, preheader="Peek").html
    for needed in (
        "<!DOCTYPE html>",
        '<html lang="en">',
        '<meta charset="utf-8">',
        '<meta name="color-scheme" content="light dark">',
        "<title>S</title>",
        "@media (prefers-color-scheme: dark)",
        "Peek\u034f",
        "max-width: 600px",
        "font-size: 16px",
        "You get this mail because you are on the guest list of Gala.",
        '<a href="https://m.example/u/1"',
    ):
        assert needed in html
    assert "em-preheader" not in rendered("x").html


def test_C6_every_link_of_the_html_stands_in_the_text(rendered, body, event_values, guest_values):
    mail = rendered(
        f"{body}\n\n[a **b**](https://a.example/x) <https://auto.example/> <me@example.org>\n\n- > [c](https://c.example)",
        {**event_values, **guest_values, "unsubscribe.url": "https://m.example/u/1"},
    )
    hrefs = [href.replace("&amp;", "&") for href in re.findall(r'href="([^"]*)"', mail.html)]
    assert len(hrefs) == 14
    assert [href for href in hrefs if href.removeprefix("mailto:") not in mail.text] == []


def test_C6_a_button_can_be_drawn_by_every_mail_program(rendered):
    html = rendered("::: button https://a.example/?x={guest.seat}\nGo & see\n:::", {"guest.seat": "a b"}).html
    assert inner(html) == (
        '<table class="em-button" border="0" role="presentation" cellpadding="0" cellspacing="0"><tbody><tr>'
        '<td class="em-button-cell" bgcolor="#3346d3">'
        '<a class="em-button-link" href="https://a.example/?x=a%20b">Go &amp; see</a></td></tr></tbody></table>\n'
    )
