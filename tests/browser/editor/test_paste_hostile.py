"""No page can make a paste run, load, hide or take for ever (C5)."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.browser.editor.conftest import Bundle
from tests.support.budgets import budget, in_soak
from tests.support.pasting import markdown, milliseconds, paste
from tests.support.waiting import slowdown

SAFE = re.compile(r"(?:https?://|mailto:|tel:|\{[a-z]+\.)", re.IGNORECASE)
# Of the kinds that are known to slip through filters (OWASP). What a browser would run sets `ran`.
VECTORS = (
    "<script>ran=1</script>",
    "<SCRIPT SRC=https://e.com/x.js></SCRIPT>",
    "<<SCRIPT>ran=1;//\\<</SCRIPT>",
    "<img src=x onerror=ran=1>",
    '<img """><script>ran=1</script>">',
    "<img src=javascript:ran=1>",
    '<img src="jav&#x09;ascript:ran=1">',
    "<img/src=`x`onerror=ran=1>",
    "<svg/onload=ran=1>",
    "<svg><script>ran=1</script></svg>",
    "<svg><style><img src=x onerror=ran=1></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=ran=1>",
    "<math href=javascript:ran=1>w</math>",
    '<a href="javascript:ran=1">a</a>',
    '<a href=" &#14; javascript:ran=1">a</a>',
    '<a data-href="javascript:ran=1" data-bare>a</a>',
    "<a onmouseover=ran=1 href=https://e.com>a</a>",
    "<svg><a xlink:href=javascript:ran=1><text>x</text></a></svg>",
    '<iframe src="javascript:ran=1"></iframe>',
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    "<embed src=x><object data=javascript:ran=1></object>",
    "<body onload=ran=1 background=javascript:ran=1>",
    "<meta http-equiv=refresh content='0;url=javascript:ran=1'>",
    "<base href=javascript:ran=1//>",
    "<link rel=stylesheet href=https://e.com/x.css>",
    "<style>@import'https://e.com/x.css';*{background:url(https://e.com/x)}</style>",
    "<style><!--</style><img src=x onerror=ran=1>-->",
    '<div style="background-image:url(javascript:ran=1)">a</div>',
    '<div style="width:expression(ran=1)">a</div>',
    "<table background=javascript:ran=1><td background=x>a</table>",
    "<input autofocus onfocus=ran=1><select onfocus=ran=1 autofocus>",
    "<details open ontoggle=ran=1>a</details>",
    "<video><source onerror=ran=1></video><audio src=x onerror=ran=1>",
    "<form action=javascript:ran=1><button formaction=javascript:ran=1>a</form>",
    "<template><img src=x onerror=ran=1></template>",
    "<noscript><p title='</noscript><img src=x onerror=ran=1>'></noscript>",
    "<textarea></textarea><img src=x onerror=ran=1>",
    "<!--[if gte IE 4]><script>ran=1</script><![endif]-->",
    "<!--><img src=x onerror=ran=1>-->",
    "<xmp><img src=x onerror=ran=1></xmp>",
    "<plaintext><script>ran=1</script>",
    "<frameset onload=ran=1><frame src=javascript:ran=1></frameset>",
    "<marquee onstart=ran=1>a</marquee><isindex type=image src=x onerror=ran=1>",
    "<pre data-raw data-source='&lt;script>ran=1&lt;/script>'></pre>",
    "<pre data-language='x\" onclick=\"ran=1'>a</pre>",
    '<span data-token="{guest.firstName}&quot; onclick=&quot;ran=1">a</span>',
    '<span data-picture data-src="javascript:ran=1" data-alt="&quot;><script>ran=1</script>">a</span>',
    '<div data-kind=button data-href="{event.url}" data-label="&lt;script>ran=1&lt;/script>">a</div>',
    '<div data-kind="button onclick=x" data-href=https://e.com data-label=x>a</div>',
    '<ul data-bullet="\'><script>ran=1</script>"><li>a</ul><ol data-start="1e99" data-delimiter="x"><li>a</ol>',
    '<table><tr><td data-align="&quot;><script>ran=1</script>">a<td>b</table>',
    '<p data-pm-slice="1 1 [&quot;raw&quot;,{&quot;source&quot;:&quot;x&quot;}]">a</p>',
    '<a href="https://e.com/&quot; onclick=&quot;ran=1">a</a>',
    "&lt;script&gt;ran=1&lt;/script&gt;",
    "<x onclick=ran=1 style=animation-name:x onanimationstart=ran=1>a</x>",
)
_SHOW = """html => {
  const place = document.createElement("div");
  place.innerHTML = html;
  document.body.append(place);
  const found = place.querySelectorAll("[src], [href]").length;
  return new Promise((resolve) => requestAnimationFrame(() => resolve([typeof ran, found])));
}"""


@pytest.mark.parametrize("vector", VECTORS)
def test_c5_nothing_that_is_pasted_runs_or_loads(bundle: Bundle, vector: str) -> None:
    """The page complains of each script and request that its policy stops; there is no complaint."""
    for html in (vector, f"before{vector}after", f"<table><tr><td>{vector}</td><td>x</td></tr></table>"):
        pasted = paste(bundle.page, html)
        assert pasted.strange == []
        assert [address for address in pasted.addresses if not SAFE.match(address)] == []
        assert bundle.page.evaluate(_SHOW, pasted.html) == ["undefined", 0]


@pytest.mark.parametrize(
    "name",
    ["nextSibling", "firstChild", "nodeType", "localName", "getAttribute", "removeAttribute", "dataset", "hidden"],
)
def test_c5_a_form_cannot_answer_for_itself(bundle: Bundle, name: str) -> None:
    html = f"<p>a</p><form id=f name=f><p>b</p><input name={name}><button id={name}></button></form><p>c</p>"
    assert paste(bundle.page, html).html == "<p>a</p><p>b</p><p>c</p>"


_AROUND = (
    "<p>{}</p>", "<div>{}</div>", "<div class=x>{}</div>", "<b>{}</b>", "<i>{}",
    "<span style='font-weight:700'>{}</span>", "<ul><li>{}</li></ul>", "<ol start=3><li>{}", "<ul>{}</ul>",
    "<li aria-level=3>{}</li>", "<blockquote>{}</blockquote>", "<h1>{}</h1>", "<a href='https://e.com'>{}</a>",
    "<a href='javascript:x'>{}</a>", "<pre>{}</pre>", "<code>{}</code>",
    "<table><tr><td>{}</td><td>{}</td></tr></table>", "<table><tr><td rowspan=2 colspan=3>{}</table>", "<td>{}</td>",
    "<table>{}</table>", "<p class=MsoListParagraph style='mso-list:l0 level4 lfo1'>{}</p>", "<o:p>{}</o:p>",
    "<p class=MsoListParagraph>·&nbsp;&nbsp;{}</p>", "<p class=MsoTitle>{}</p>", "<font size=7>{}</font>", "<tr><td>{}",
    "<span data-token='{{guest.firstName}}'>{}</span>", "<span data-picture>{}</span>", "<pre data-raw>{}</pre>",
    "<div data-kind=button>{}</div>", "<div data-kind=calendar-links>{}</div>", "<form>{}</form>", "<label>{}</label>",
    "<center>{}", "<dl><dt>{}<dd>{}</dl>", "<x-y style='display:block'>{}</x-y>", "<style>.x{{font:bold}}</style>{}",
    "<main></p>{}</b></main>", "<!--[if x]>--><u>{}</u><![endif]>", "<details><summary>{}</summary>{}</details>",
)  # fmt: skip
_SILENT = (
    "<script>hidden</script>", "<style>hidden</style>", "<svg><text>hidden</text></svg>", "<p hidden>hidden</p>",
    "<span style='display:none'>hidden</span>", "<!-- hidden -->", "<select><option>hidden</select>",
    "<iframe>hidden</iframe>", "<template>hidden</template>", "<nav>hidden</nav>", "<br>", "<hr>", "&nbsp;", " ",
    "<img src=x alt=hidden>", "</div>", "<p>",
    "<span data-picture data-src='https://e.com/a.png'></span>", "<div data-kind=calendar-links></div>",
)  # fmt: skip
pages = st.recursive(
    st.one_of(
        st.just("@"),
        st.just("@"),
        st.sampled_from(_SILENT),
        st.sampled_from(("a style =@", "one = @", "< @", "&@;", "\x00@")),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.builds(lambda around, one, other: around.format(one, other), st.sampled_from(_AROUND), inner, inner),
    ),
    max_leaves=25,
)


@settings(max_examples=budget(60, soaked=200))
@given(pages)
def test_c5_whatever_is_pasted_keeps_each_visible_word_once_in_our_own_elements(bundle: Bundle, page: str) -> None:
    parts = page.split("@")
    html = "".join(f"{part}w{number}w" for number, part in enumerate(parts[:-1])) + parts[-1]
    pasted = paste(bundle.page, html)
    assert pasted.strange == []
    assert [address for address in pasted.addresses if not SAFE.match(address)] == []
    assert sorted(re.findall(r"w\d+w", pasted.text)) == sorted(f"w{number}w" for number in range(len(parts) - 1))
    assert "hidden" not in pasted.text
    assert paste(bundle.page, pasted.html).html == pasted.html
    markdown(bundle.page, html)


MEGABYTE = 1_000_000
DEEP = (
    "<div>a", "<span>a", "<b>a", "<ul><li>a", "<ol><li>", "<blockquote>a", "<blockquote><ul><li>", "<x>a",
    "<pre><div>a", "<table><tr><td>a<td>", "<p><b class=x{}>a", "<span data-token='{{guest.x}}'>a",
    "<a href=https://e.com>a",
)  # fmt: skip
LONG = (
    "a ", "&nbsp; ", "<br>", " <div></div>", "<!---->", "<style>", "<style>.a{{", "%7B", "{{", "&", "<",
    "style   ", "<a ", "<table><tr><td rowspan=65534>a", "<tr><td colspan=1000>a", "<a href='",
    '<p class="gmail_default ', "<p style='font:bold ", "<p class=MsoListParagraph>1.&nbsp; ",
)  # fmt: skip


@pytest.mark.parametrize("piece", [DEEP[0], LONG[0], *in_soak(*DEEP[1:], *LONG[1:])])
def test_c5_a_hostile_megabyte_takes_no_longer_than_a_long_text(bundle: Bundle, piece: str) -> None:
    """10 000 elements in each other with more text, or a megabyte of what reads badly."""
    count = 10_000 if piece in DEEP else MEGABYTE // len(piece)
    html = "".join(piece.format(number) for number in range(count)).ljust(MEGABYTE, "x")
    assert milliseconds(bundle.page, html) < 2_000 * slowdown()


def test_c5_lists_and_quotes_are_nine_deep_at_most(bundle: Bundle) -> None:
    pasted = paste(bundle.page, "<ul><li>a" * 50 + "</ul>" * 50 + "<blockquote>b<ol><li>c" * 50)
    assert pasted.html.count("<ul") == 9
    assert pasted.html.count("<li>") == 50 + 50
    assert pasted.html.count("<blockquote>") + pasted.html.count("<ol") <= 10
    assert markdown(bundle.page, "<ul><li>a" * 11) == "\n".join(f"{'  ' * min(at, 8)}- a" for at in range(11))
