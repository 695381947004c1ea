"""What people paste from other programs arrives as they saw it, in our own words (C5)."""

from pathlib import Path

import pytest

from tests.browser.editor.conftest import Bundle
from tests.support.forked import ROOT
from tests.support.pasting import markdown, paste

PASTES = sorted((ROOT / "tests/files/pastes").glob("*.html"))
PICTURES = {"word": 1, "google_docs": 1, "web_page": 2, "newsletter": 2}


@pytest.mark.parametrize("file", PASTES, ids=lambda file: file.stem)
def test_c5_a_paste_of_each_program_reads_as_it_was_seen(bundle: Bundle, file: Path) -> None:
    html = file.read_text()
    assert markdown(bundle.page, html) == file.with_suffix(".md").read_text().rstrip("\n")
    pasted = paste(bundle.page, html)
    assert pasted.strange == []
    assert pasted.pictures == PICTURES.get(file.stem, 0)


def test_g1_google_docs_is_not_all_bold_under_our_policy(bundle: Bundle) -> None:
    html = (
        '<b style="font-weight:normal" id="docs-internal-guid-1"><span style="font-weight:400">Hello </span>'
        '<span style="font-weight:700">big</span></b>'
    )
    assert markdown(bundle.page, html) == "Hello **big**"
    assert markdown(bundle.page, '<b id="docs-internal-guid-1"><p>Hello</p></b>') == "Hello"


def test_g2_a_list_of_word_has_its_levels_and_no_bullet_characters(bundle: Bundle) -> None:
    def item(sign: str, level: int, text: str) -> str:
        return (
            f"<p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l0 level{level} lfo1'><![if !supportLists]>"
            f"<span style='font-family:Symbol'><span style='mso-list:Ignore'>{sign}<span style='font:7.0pt "
            f'"Times New Roman"\'>&nbsp;&nbsp;&nbsp; </span></span></span><![endif]>{text}<o:p></o:p></p>\n'
        )

    assert markdown(bundle.page, item("·", 1, "One") + item("o", 2, "a") + item("·", 1, "Two")) == "- One\n  - a\n- Two"
    assert markdown(bundle.page, item("·", 3, "deep") + item("·", 1, "up")) == "- deep\n- up"
    assert markdown(bundle.page, item("1.", 1, "One") + item("2.", 1, "Two")) == "1. One\n2. Two"
    assert markdown(bundle.page, item("b)", 1, "One") + item("c)", 1, "Two")) == "1) One\n2) Two"


def test_g15_a_javascript_link_is_dropped_in_the_editor_already(bundle: Bundle) -> None:
    html = '<p>See <a href="javascript:alert(1)">this</a> or <a href="https://e.com/">that</a></p>'
    assert markdown(bundle.page, html) == "See this or [that](https://e.com/)"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<ul><li>A</li><br><ul><li>B</li></ul><li>C</li></ul>", "- A\n  - B\n- C"),  # not in its item
        ("<ul><ul><ul><li>deep</li></ul></ul></ul>", "- deep"),
        ("<ul><li><p>A</p><p>more</p></li><li>B</li></ul>", "- A\n\n  more\n\n- B"),
        ("<ul><li>A<ul><li>B</li></ul>C</li></ul>D", "- A\n\n  - B\n\n  C\n\nD"),
        ("<ul><li>A</li></ul><ul><li>B</li></ul>", "- A\n\n* B"),
        ("<li>A</li><li>B</li>", "- A\n- B"),
        ("<ul><li>A</li><li>&nbsp;</li><li><br></li></ul>", "- A"),
        ("<ol start=5><li>A<li>B</ol>", "5. A\n6. B"),
        ("<ol reversed start=-3><li>A<li>B</ol>", "1. A\n2. B"),
        ("<ul><li aria-level=1>A</li></ul><ul><li aria-level=2>B</li></ul><ul><li aria-level=1>C</li></ul>",
         "- A\n  - B\n- C"),
        ("<blockquote>Q<ul><li>A</li></ul></blockquote>after", "> Q\n>\n> - A\n\nafter"),
        ("<blockquote></blockquote><ul></ul><ol><li></li></ol>x", "x"),
    ],
)  # fmt: skip
def test_c5_lists_and_quotes_of_any_shape_keep_their_levels(bundle: Bundle, html: str, expected: str) -> None:
    assert markdown(bundle.page, html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a <b>b</b> <i>c</i>\n  d</p>", "a **b** *c* d"),
        ("<p>a<b> b </b>c</p>", "a **b** c"),
        ("<p>a<span>&nbsp;</span><span class=Apple-converted-space>&nbsp;</span>b</p>", "a b"),
        ("a<br>b<br><br>c<br><br><br>d", "a\nb\n\nc\n\nd"),
        ("<div>a</div><div>b</div><div><br></div><div>c<br></div><div>d</div>", "a\nb\n\nc\nd"),
        ('<div class="x">a</div><div class="x">b</div><div style="margin:0 0 1em">c</div>d', "a\n\nb\n\nc\n\nd"),
        ("<p>a</p><p>&nbsp;</p><p></p><p><br></p><p>b</p>", "a\n\nb"),
        ("<h2>a<br>b</h2><h3></h3>", "## a b"),
        ("<h2><b>All bold</b></h2><h2><b>Half</b> bold</h2>", "## All bold\n\n## **Half** bold"),
        ("<b>a <span style='font-weight:normal'>b</span> <span style='font-weight:500'>c</span></b>", "**a** b c"),
        ("<span style='font-weight:600'>a</span> <span style='font-style:oblique'>b</span>", "**a** *b*"),
        ("<b style='mso-bidi-font-weight:normal'>a</b> <i style='font-style:normal'>b</i>", "**a** b"),
        ("<u>a</u> b <small>c</small> x<sup>2</sup> <font color=red>d</font> <mark>e</mark>", "a b c x2 d e"),
        ("a<span style='display:block'>b</span>c", "a\nb\nc"),
        ("<p>life style = good</p>", "life style = good"),
        ("<p>{guest.firstName|there} \\{x}</p>", "\\{guest.firstName\\|there\\} \\\\\\{x\\}"),
        ("<!--StartFragment--><b>a</b><!--EndFragment-->", "**a**"),
        ("", ""),
    ],
)
def test_c5_blanks_lines_and_marks_are_those_that_were_seen(bundle: Bundle, html: str, expected: str) -> None:
    assert markdown(bundle.page, html).replace("\\|", "|") == expected.replace("\\|", "|")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<tr><td>a</td><td>b</td></tr>", "| a | b |\n| --- | --- |"),  # cells without their table
        ("<table><tr><td>a</td></tr></table>", "a"),
        ("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\nb"),
        ("<table><tr><th>a<th>b<tr><td colspan=2>c<tr><td>d<td><p>e<p>f</table>",
         "| a | b |\n| --- | --- |\n| c |  |\n| d | e f |"),
        ("<table><tr><td rowspan=2>a<td>b<tr><td>c</table>", "| a | b |\n| --- | --- |\n|  | c |"),
        ("<table><tr><td>a<tr><td>b<td>c<td>d</table>", "| a |  |  |\n| --- | --- | --- |\n| b | c | d |"),
        ("<table><tr><td>a<td>b<tr><td><ul><li>c<li>d</ul><td><pre>e\nf</pre></table>",
         "| a | b |\n| --- | --- |\n| c d | e f |"),
        ("<table><caption>Who</caption><tr><td>a<td>b</table>", "Who\n\n| a | b |\n| --- | --- |"),
        ("<table><tr><td><img src=x><td>b<br>c</table>", "b\nc"),
        ("<ul><li>x<table><tr><td>a<td>b</table></ul>", "- x\n\n  | a | b |\n  | --- | --- |"),
    ],
)  # fmt: skip
def test_c5_a_table_has_as_many_cells_in_each_row_and_others_only_lay_out(
    bundle: Bundle, html: str, expected: str
) -> None:
    assert markdown(bundle.page, html) == expected


def test_c5_a_merged_cell_makes_no_columns_and_a_table_beyond_all_bounds_is_its_text(bundle: Bundle) -> None:
    rows = "<tr><td>b</td><td>c</td></tr>" * 500
    title = f"<table><tr><td colspan=1000 rowspan=1>a</td></tr>{rows}</table>"
    assert markdown(bundle.page, title) == "| a |  |\n| --- | --- |" + "\n| b | c |" * 500
    wide = f"<table><tr>{'<td>a</td>' * 100}</tr>{rows}</table>"
    assert paste(bundle.page, wide).html == "<p>a</p>" * 100 + "<p>b</p><p>c</p>" * 500


@pytest.mark.parametrize(
    ("html", "pictures"),
    [
        ("<img src=https://e.com/a.png><img src='data:image/png;base64,AA'>", 2),
        ("<img width=1 height=1 src=x><img style='width:1px;height:1px'><img width=0 height=0>", 0),
        ("<picture><source srcset=a><img src=b></picture><svg><image href=c /></svg>", 2),
        ("<v:shape><v:imagedata src='file:///a.png'/></v:shape>", 1),
        ("<div style='background-image:url(https://e.com/a.png)'>x</div><table background=y><td>x</table>", 2),
        ("<span data-picture data-src='data:image/png;base64,AA'></span>", 1),
        ("<p hidden><img src=x></p><nav><img src=x></nav>", 0),
        ("<table><tr><td>a<td>b<img src=x><tr><td>c<td>d</table>", 1),
    ],
)
def test_c5_pictures_are_left_out_and_counted(bundle: Bundle, html: str, pictures: int) -> None:
    pasted = paste(bundle.page, html)
    assert (pasted.pictures, pasted.addresses) == (pictures, [])


@pytest.mark.parametrize(
    ("html", "expected", "crossed", "links"),
    [
        ("Price <s>50 EUR</s> <del></del>30 EUR", "Price 30 EUR", 1, 0),
        ("<p style='text-decoration:line-through'>No</p><p>Yes <strike>x</strike></p>", "Yes", 2, 0),
        ("<span style='text-decoration: underline line-through'>No</span><ins>Yes</ins>", "Yes", 1, 0),
        ("<span style='text-decoration:none'>Yes</span>", "Yes", 0, 0),
        ("<table><tr><td>a<td><s>b</s><tr><td>c<td>d</table>", "| a |  |\n| --- | --- |\n| c | d |", 1, 0),
        (
            "<a href='/seats'>Seats</a>, <a href='javascript:alert(1)'>more</a>, <a href='#top'>up</a>",
            "Seats, more, up",
            0,
            2,
        ),
        ("<a href='https://e.com'>Seats</a> <a href='x'></a><a name=y>z</a>", "[Seats](https://e.com) z", 0, 0),
    ],
)
def test_c5_what_was_crossed_out_and_what_leads_nowhere_is_left_out_and_counted(
    bundle: Bundle, html: str, expected: str, crossed: int, links: int
) -> None:
    pasted = paste(bundle.page, html)
    assert (markdown(bundle.page, html), pasted.crossed, pasted.links) == (expected, crossed, links)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<ol start="3"><li>third</li></ol>', "3\\. third"),
        ('<p>a</p><ol><li>one</li></ol><p>b</p><ol start="2"><li>two</li></ol>', "a\n\n1. one\n\nb\n\n2\\. two"),
        ('<ol start="3"><li>third</li><li>fourth</li></ol>', "3. third\n4. fourth"),
        ("<ul><li>one</li><ul><li>nested</li></ul><li>three</li></ul>", "- one\n  - nested\n- three"),
        ("<ol><li>one</li><ol><li>nested</li></ol><li>two</li></ol>", "1. one\n   1. nested\n2. two"),
    ],
)
def test_c5_the_number_of_an_item_and_the_lists_it_stands_in_stay(bundle: Bundle, html: str, expected: str) -> None:
    assert markdown(bundle.page, html) == expected
