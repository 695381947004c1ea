"""Documents as an editor may hold them, for hypothesis: in ProseMirror's JSON, any text with any marks."""

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

_SIGNS = "*_`[]()<>&!#-+=|:.~\\{}\"' \t123"
_LETTERS = "abzÄé中文שע٣ß"
_PUNCTUATION = ".,:;!?“”（）…–/@%$€👍"
_WORDS = (
    "https://e.com/_cat/_/x_y", "www.e.com", "ada@e.com", "&amp;", "&#42;", "1. ", "2) ", "- ", "# ", "> ", "---",
    "===", "::: button x", ":::", "```", "~~~", "| a |", "[r]: https://e.com", "    ", "<b>", "<https://e.com>",
    "http://", "**", "{guest.firstName}", "\\", "mailto:", "Hello", "Achtung:", "\u00a0", "\u3000", "**.**", "foo_bar",
    "a*b",
)  # fmt: skip
texts = st.lists(
    st.one_of(
        st.sampled_from(_WORDS), st.text(_LETTERS, min_size=1, max_size=4), st.text(_SIGNS, min_size=1, max_size=3),
        st.text(_PUNCTUATION, min_size=1, max_size=2), st.just(" "),
    ),
    min_size=1, max_size=4,
).map("".join)  # fmt: skip
addresses = st.sampled_from((
    "https://e.com", "https://e.com/a_(b)?c=d&amp=e", "mailto:ada@e.com", "{event.url}",
    "{event.url}?g={guest.email|no one}", "javascript:alert(1)", "a b", "", "tel:+49",
    "https://e.com/<x>\\y*z*", "#top",
))  # fmt: skip
words = st.sampled_from(("", "A “title”", 'x "y" \\ &amp; *z*', "Ada's {guest.firstName|there}"))
tokens = st.sampled_from(("{guest.firstName}", "{guest.firstName|you & *me*}", "{guest.nope}", "{event.url}"))


@st.composite
def _marks(draw: st.DrawFn) -> list[Json]:
    names = draw(st.sets(st.sampled_from(("strong", "em", "code", "link")), max_size=3))
    link = {"href": draw(addresses), "title": draw(words), "bare": False} if "link" in names else None
    return [
        {"type": name, **({"attrs": link} if name == "link" else {})}
        for name in ("link", "strong", "em", "code")
        if name in names
    ]


@st.composite
def _inline(draw: st.DrawFn, *, breaks: bool = True) -> Json:
    kind = draw(st.sampled_from(("text", "text", "text", "token", "picture", *(("line_break",) if breaks else ()))))
    node: Json = {"type": kind, "marks": draw(_marks())}
    if kind == "text":
        node["text"] = draw(texts)
    elif kind == "token":
        node["attrs"] = {"written": draw(tokens)}
    elif kind == "picture":
        node["attrs"] = {"src": draw(addresses), "alt": draw(st.one_of(words, texts)), "title": draw(words)}
    return node


def _lines(most: int = 5) -> st.SearchStrategy[list[Json]]:
    return st.lists(_inline(), max_size=most)


def _line() -> st.SearchStrategy[list[Json]]:
    return st.lists(_inline(breaks=False), max_size=3)


@st.composite
def _table(draw: st.DrawFn) -> Json:
    widths = st.integers(1, 3)

    def cells() -> list[Json]:
        align = st.sampled_from(("", "left", "center", "right"))
        return [
            {"type": "table_cell", "attrs": {"align": draw(align)}, "content": draw(_line())}
            for _ in range(draw(widths))
        ]

    rows = [{"type": "table_row", "content": cells()} for _ in range(draw(st.integers(1, 3)))]
    return {"type": "table", "content": rows}


def _leaves() -> st.SearchStrategy[Json]:
    code = st.lists(st.sampled_from(("a", "\n", "`", "```", "  x", "\t", "{a}", "*", "{guest.firstName}")), max_size=5)
    return st.one_of(
        _lines().map(lambda inline: {"type": "paragraph", "content": inline}),
        _lines().map(lambda inline: {"type": "paragraph", "content": inline}),
        st.builds(lambda level, inline: {"type": "heading", "attrs": {"level": level}, "content": inline},
                  st.integers(1, 6), _line()),
        st.just({"type": "divider"}),
        st.just({"type": "calendar_links"}),
        st.builds(lambda href, label: {"type": "button", "attrs": {"href": href, "label": label}},
                  addresses.filter(bool), st.sampled_from(("Come *in*", "Hi {guest.firstName|you}", "<b>"))),
        code.map("".join).map(lambda text: {"type": "code_block",
                                            "content": [{"type": "text", "text": text}] * bool(text)}),
        _table(),
    )  # fmt: skip


def _around(blocks: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    inner = st.lists(blocks, min_size=1, max_size=3)
    items = st.lists(inner.map(lambda content: {"type": "list_item", "content": content}), min_size=1, max_size=3)
    return st.one_of(
        inner.map(lambda content: {"type": "blockquote", "content": content}),
        st.builds(lambda content, bullet, tight: {"type": "bullet_list", "attrs": {"bullet": bullet, "tight": tight},
                                                  "content": content},
                  items, st.sampled_from("-*+"), st.booleans()),
        st.builds(lambda content, start, delimiter, tight: {
                      "type": "ordered_list", "attrs": {"start": start, "delimiter": delimiter, "tight": tight},
                      "content": content},
                  items, st.sampled_from((1, 0, 2, 9, 99)), st.sampled_from(".)"), st.booleans()),
    )  # fmt: skip


documents = st.lists(st.recursive(_leaves(), _around, max_leaves=6), min_size=1, max_size=4).map(
    lambda blocks: {"type": "doc", "content": blocks}
)
