"""What is typed is what is read, in both parts (C5): numbers, lines, stars, braces."""

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.content.compile import compile_content
from eventmail.content.personalise import render
from eventmail.content.tokens import FIELDS


def both(body, values=None):
    """The HTML of a body without its shell and styles, and its text without the footer."""
    mail = render(compile_content("S", "", body, fields=FIELDS), values or {}, FIELDS)
    html = mail.html.partition('class="em-body"')[2].partition(">\n")[2].partition("</td></tr>\n<tr><td")[0]
    return re.sub(r' style="[^"]*"', "", html).rstrip("\n"), mail.text.rpartition("\n\n------------------------\n")[0]


def shown(html):
    """What a reader sees of HTML, line by line; the numbers of lists as browsers write them."""
    counts: list[int] = []
    out = []
    for tag, text in re.findall(r"(<[^>]*>)|([^<]+)", html):
        if tag.startswith("<ol"):
            counts.append(int((re.search(r'start="(\d+)"', tag) or [0, 1])[1]))
        elif tag == "</ol>":
            counts.pop()
        elif tag == "<li>" and counts:
            out.append(f"{counts[-1]}. ")
            counts[-1] += 1
        elif tag in {"<br>", "</p>", "</li>"}:
            out.append("\n")
        elif text:
            out.append(unescape(text))
    return "".join(out)


@pytest.mark.parametrize(
    "text",
    [
        "17. Juni 2027\n5. Mai 2027",
        "17. Juni 2027\n18. Juni 2027 und später\n20. Juni 2027",
        "17. 05. 2027",
        "17. 5. 2027",
        "1. 5. 2027",
        "01. Mai\n02. Mai",
        "1) a\n3) c",
        "1. a\n1. b\n1. c",
        "3. Platz",
        "2027. Ein gutes Jahr",
        "1. a\n\n3. c",
        "1. - a",
        "1. one\n2. 3. two",
        "Treffpunkt:\n17. Juni",
        "0. x",
        "1. a\n2) b",
    ],
)
def test_C5_what_is_no_list_stays_text_with_each_number_that_was_typed(text):
    html, plain = both(text)
    assert plain == text
    assert re.findall(r"\d+", shown(html)) == re.findall(r"\d+", text)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("1. Mai", "<ol>\n<li>Mai</li>\n</ol>"),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>"),
        ("3) c\n4) d", '<ol start="3">\n<li>c</li>\n<li>d</li>\n</ol>'),
        ("1. a\n\n2. b", "<ol>\n<li>\n<p>a</p>\n</li>\n<li>\n<p>b</p>\n</li>\n</ol>"),
        ("Programm:\n1. a\n2. b", "<p>Programm:</p>\n<ol>\n<li>a</li>\n<li>b</li>\n</ol>"),
        ("1. a\n   1. b\n   2. c\n2. d",
         "<ol>\n<li>a\n<ol>\n<li>b</li>\n<li>c</li>\n</ol>\n</li>\n<li>d</li>\n</ol>"),
        ("- a\n* b", "<ul>\n<li>a</li>\n</ul>\n<ul>\n<li>b</li>\n</ul>"),
        ("- 17. Mai\n- 5. Juni", "<ul>\n<li>17. Mai</li>\n<li>5. Juni</li>\n</ul>"),
    ],
)  # fmt: skip
def test_C5_a_list_is_a_list_and_its_text_is_what_was_typed(text, html):
    assert both(text) == (html, text)


def test_C5_a_list_that_something_ends_early_keeps_its_number():
    assert shown(both("3. a\n# Head\n4. b")[0]).split("\n") == ["3. a", "", "Head", "4. b", ""]
    assert both("> 3. a\n> 5. b")[1] == "> 3. a\n> 5. b"


@pytest.mark.parametrize("text", ["01. a\n\n2. b\n\n3. c", "17. x\n\n5. y\n\n6. z", "2. - a\n\n3. b\n\n4. c"])
def test_C5_a_list_that_does_not_count_up_makes_all_of_its_items_text(text):
    html, plain = both(text)
    assert (plain, re.findall("<[ou]l", html)) == (text, [])


def test_C5_another_delimiter_begins_another_list():
    assert both("1. a\n5) b\n6) c") == (
        '<ol>\n<li>a</li>\n</ol>\n<ol start="5">\n<li>b</li>\n<li>c</li>\n</ol>',
        "1. a\n5) b\n6) c",
    )


def test_C5_a_lone_number_below_a_quote_ends_it_only_where_a_list_begins():
    assert both("> a\n3. x") == ("<blockquote>\n<p>a<br>\n3. x</p>\n</blockquote>", "> a\n> 3. x")


def test_C5_a_line_break_that_is_typed_is_read():
    assert both("Viele Grüße\nAnna\n\nMusterweg 1\n10115 Berlin") == (
        "<p>Viele Grüße<br>\nAnna</p>\n<p>Musterweg 1<br>\n10115 Berlin</p>",
        "Viele Grüße\nAnna\n\nMusterweg 1\n10115 Berlin",
    )
    assert both("a\n\n\n\nb")[1] == "a\n\n\n\nb"
    assert both("- a\n  b\n- c")[1] == "- a\n  b\n- c"
    assert both("> a\n> b")[1] == "> a\n> b"


def test_C5_a_signature_s_dashes_make_no_heading():
    assert both("Bis bald\n--\nAnna") == ("<p>Bis bald<br>\n--<br>\nAnna</p>", "Bis bald\n--\nAnna")
    assert both("Summe\n=") == ("<p>Summe<br>\n=</p>", "Summe\n=")
    assert both("Title\n---\nx")[0] == "<h2>Title</h2>\n<p>x</p>"


def test_C5_a_line_in_brackets_does_not_vanish():
    for text in ("[Ort]: Rathaus", "[1]: https://a.example/x", "Siehe unten\n\n[Ort]: Rathaus"):
        assert both(text)[1] == text
    assert both("Siehe [1].\n\n[1]: https://a.example/x")[0] == ('<p>Siehe <a href="https://a.example/x">1</a>.</p>')


@pytest.mark.parametrize(
    "text",
    [
        "Künstler*innen und Besucher*innen",
        "10*12*3",
        "5 * 3 * 2",
        "(*) Pflicht, (*) auch",
        "*.pdf und *.doc",
        "ж*ж*ж",
        "नि*नि*क",
    ],
)
def test_C5_a_star_inside_a_word_is_a_star(text):
    assert both(text) == (f"<p>{text}</p>", text)


def test_C5_a_token_is_a_word_to_a_star():
    assert (
        both("{guest.firstName}*innen und Freund*innen", {"guest.firstName": "Ada"})[1] == "Ada*innen und Freund*innen"
    )


def test_C5_marks_are_still_marks():
    assert both("*a* **b** ***c*** f**oo**bar (*d*) *e*, _f_")[0] == (
        "<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em> f<strong>oo</strong>bar (<em>d</em>) "
        "<em>e</em>, <em>f</em></p>"
    )


def test_C1_a_backslash_writes_a_brace_in_each_part():
    compiled = compile_content(
        r"\{guest.firstName\} {guest.firstName}", r"\{ x", r"\{guest.firstName} `\{a\}` "
        r"[l](https://a.example/\{x\}) \\{guest.firstName}",
        fields=FIELDS,
    )  # fmt: skip
    mail = render(compiled, {"guest.firstName": "Ada"}, FIELDS)
    assert (mail.subject, mail.preheader) == ("{guest.firstName} Ada", "{ x")
    assert "{guest.firstName} <code" in mail.html
    assert ">{a}</code>" in mail.html
    assert 'href="https://a.example/%7Bx%7D"' in mail.html
    assert mail.text.startswith("{guest.firstName} {a} l: https://a.example/%7Bx%7D \\Ada\n")


WORD = st.text(st.sampled_from("aäß0123456789Zé漢नиא,.;:!?-–()/&%€'\"“„+"), min_size=1, max_size=9)
LINE = st.lists(WORD, min_size=1, max_size=12).map(" ".join)
# a line that begins with one of Markdown's signs is no prose: bullets, rules, blocks, lists that are lists
PROSE_LINE = LINE.filter(lambda line: not re.match(r"[-+](\s|$)|1[.)](\s|$)|[-=]{3,}|([-] *){3,}$|:::", line))


@settings(max_examples=300)
@given(st.lists(PROSE_LINE, min_size=1, max_size=6), st.lists(st.sampled_from(["\n", "\n\n"]), min_size=6, max_size=6))
def test_C5_the_text_part_of_prose_is_its_source_but_for_folding(lines, breaks):
    body = "".join(line + between for line, between in zip(lines, breaks, strict=False)).rstrip("\n")
    html, plain = both(body)
    assert re.sub(r"\s+", " ", plain) == re.sub(r"\s+", " ", body)
    assert re.sub(r"\s+", " ", shown(html)).strip() == re.sub(r"\s+", " ", body).strip()
    assert all(len(line) <= 78 for line in plain.split("\n"))
    assert [line for line in body.split("\n") if len(line) <= 78] == [
        line for line in plain.split("\n") if line in body.split("\n")
    ]
