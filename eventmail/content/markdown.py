"""Body Markdown to safe HTML (C5): our dialect with tables and blocks, without HTML, sanitised by nh3."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from eventmail.content import bare_links, blocks, dialect, shown
from eventmail.content.blocks import Problem
from eventmail.content.pieces import Codec
from eventmail.link_targets import linkable

DIALECT = 2  # of new bodies; those of 1 are read as `former`
_SCHEMES = {"http", "https", "mailto", "tel"}
_TAGS = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "hr", "br"),
    *("a", "strong", "em", "code", "span", "img", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "table": {"role", "cellpadding", "cellspacing", "border"},
    "td": {"align", "bgcolor"},
    "th": {"align"},
}
_CLASSES = {
    "table": {"em-table", "em-button"},
    "td": {"em-button-cell"},
    "a": {"em-button-link"},
    "p": {"em-calendar"},
    "span": {"em-unknown"},
}


@dataclass(frozen=True, slots=True)
class Target:
    """A safe link target, and the number and kind of the token whose value decides whether it links, if any.

    `raw` is the address as text, for guests for whom it does not link (C8).
    """

    href: str
    number: int | None = None
    kind: str = "o"
    raw: str = ""

    def around(self, codec: Codec, plain: str) -> tuple[str, str]:
        """Returns what stands before and behind the linked form, with the plain form for other values."""
        if self.number is None:
            return "", ""
        opening, otherwise, end = (codec.code(kind, self.number) for kind in (self.kind, "x", "e"))
        return opening, f"{otherwise}{plain}{end}"

    def either(self, codec: Codec, linked: str, plain: str) -> str:
        """Returns the linked form, with the plain form for other values."""
        opening, closing = self.around(codec, plain)
        return f"{opening}{linked}{closing}"

    def if_any(self, codec: Codec, raw: str) -> str:
        """Returns `raw` for guests who have an address, even one that does not link."""
        return "" if self.number is None else codec.either(self.number, raw, "", kind="v")


def parse(
    body: str, codec: Codec, *, former: bool = False, with_shown: bool = False
) -> tuple[list[Token], list[Problem]]:
    """Returns the tokens of a body, in which merge tokens are sentinels and links are safe; and what cannot be sent.

    `former` reads the body in dialect 1. `with_shown` keeps the words that `shown.of` returns.
    """
    problems: list[Problem] = []
    env = {"problems": problems, **({shown.WANTED: True} if with_shown else {})}
    tokens = (_FORMER if former else _MD).parse(body, env)
    if former:
        _count_and_join(tokens)
    for token in tokens:
        if token.children is not None:
            token.children = list(_merged(_linked(token.children, codec), codec))
        elif token.type == "block_button":
            token.meta["target"] = target = _target(str(token.attrs["href"]), codec)
            if target is None:
                line = (token.map or [0])[0] + 1
                problems.append(Problem(line, "A button's address must begin with https://, http://, mailto: or tel:."))
        elif token.type == "block_calendar_links":
            token.meta["number"] = codec.own("calendar.links")
    told = [replace(problem, message=codec.written(problem.message)) for problem in problems]
    return tokens, sorted(told, key=lambda problem: problem.line)


def typed(body: str) -> tuple[list[SyntaxTreeNode], bool]:
    """Returns the blocks of a body, its links as typed, and whether a line defines the address of a link elsewhere."""
    env: dict[str, Any] = {"problems": []}
    return SyntaxTreeNode(_MD.parse(body, env)).children, bool(env.get("references"))


def to_html(tokens: list[Token], codec: Codec) -> str:
    """Returns sanitised HTML with sentinels. Only what Markdown and our blocks make remains, no relative address."""
    return nh3.clean(
        str(_MD.renderer.render(tokens, _MD.options, {"codec": codec})),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel=None,
    )


def _count_and_join(tokens: list[Token]) -> None:
    """Reads tokens as dialect 1: items count up from the first number, lines of a paragraph are joined."""
    counts: list[int] = []
    for token in tokens:
        if token.type == "ordered_list_open":
            counts.append(int(token.attrs.get("start", 1)))
        elif token.type == "ordered_list_close":
            counts.pop()
        elif token.type == "list_item_open" and token.info:
            token.info, token.markup = str(counts[-1]), "."
            counts[-1] += 1
        for child in token.children or ():
            if child.type == "softbreak":
                child.type, child.content = "text", " "


def _target(written: str, codec: Codec) -> Target | None:
    """Returns the target, its sentinels with their encoding; None if unsafe, relative or with an unknown token."""
    href = codec.encoded(normalizeLink(written))
    if not all(codec.known(int(number)) for number in codec.values.findall(href)):
        return None
    whole = codec.values.match(href)
    if whole is not None:
        number = int(whole[1])
        rest = codec.values.sub(lambda found: codec.code("c", int(found[1])), href[whole.end() :])
        return Target(f"https://{codec.code('u', number)}{rest}", number, "o", f"{codec.code('t', number)}{rest}")

    if not linkable(href):
        return None
    scheme = re.match("mailto:|tel:", href, re.IGNORECASE)
    address = re.compile(rf"{codec.values.pattern}(?=\?|$)").match(href, scheme.end()) if scheme is not None else None

    def inside(found: re.Match[str]) -> str:
        return codec.code("c" if scheme is None or "?" in href[: found.start()] else "a", int(found[1]))

    target = codec.values.sub(inside, href)
    if address is None:
        return Target(target, raw=target)
    return Target(target, int(address[1]), "p", codec.code("t", int(address[1])))


def _linked(children: list[Token], codec: Codec) -> Iterator[Token]:
    """Yields the inline tokens. Of a link without a safe target, label and address remain as text (C8)."""
    target, written, label, is_bare = None, "", "", False
    for child in children:
        if child.type == "link_open":
            written, label, is_bare = str(child.attrs["href"]), "", child.markup == "linkify"
            target = _target(written, codec)
            if target is not None:
                child.attrs["href"], child.meta["target"] = target.href, target
                yield child
        elif child.type == "link_close":
            if target is not None:
                child.meta["target"] = target
                yield child
            elif not is_bare:
                address = f" ({written})" if written else ""
                yield Token("text", "", 0, content=address, meta={"lost": written, "label": label})
            is_bare = False
        elif child.type == "image":
            picture = _target(str(child.attrs["src"]), codec)
            if picture is not None and picture.href.lower().startswith(("http://", "https://")):
                child.attrs["src"], child.meta["target"] = picture.href, picture
                yield child
            else:
                yield _text(child.content)
        elif is_bare and target is not None:
            yield _text(_as_in_target(child.content, target, codec))
        else:
            label += child.content
            yield child


def _as_in_target(label: str, target: Target, codec: Codec) -> str:
    """Returns the label of a bare link with values encoded as in its target, so that a copy of it is the address."""
    kind = "a" if target.href.lower().startswith(("mailto:", "tel:")) else "c"
    return codec.values.sub(lambda found: codec.code(kind, int(found[1])), label)


def _merged(children: Iterator[Token], codec: Codec) -> Iterator[Token]:
    """Yields the inline tokens. Outside of links, fields that are web addresses become links."""
    inside_link = False
    for child in children:
        inside_link = child.type == "link_open" or (inside_link and child.type != "link_close")
        if child.type != "text" or child.meta or inside_link:
            yield child
            continue
        pieces = codec.values.split(child.content)
        yield _text(pieces[0])
        for number, text in zip(map(int, pieces[1::2]), pieces[2::2], strict=True):
            if codec.known(number) and codec.fields[codec.tokens[number].field or ""].url:
                yield Token("merge_url", "", 0, meta={"number": number})
            elif codec.tokens[number].field == "calendar.links":
                yield Token("merge_calendar", "", 0, meta={"number": number})
            else:
                yield _text(codec.code("t", number))
            yield _text(text)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


class _Renderer(RendererHTML):
    """markdown-it's renderer with our blocks and checked links. It calls the method named like a token's type."""

    def block_button(self, tokens: Any, at: int, _options: Any, env: Any) -> str:
        target: Target | None = tokens[at].meta["target"]
        label = escape(tokens[at].content)
        if target is None:
            return f"<p>{label} ({escape(str(tokens[at].attrs['href']))})</p>\n"
        plain = f"<p>{_with_address(label, target, env['codec'])}</p>\n"
        return target.either(env["codec"], blocks.button_html(escape(target.href), label), plain)

    def block_calendar_links(self, tokens: Any, at: int, options: Any, env: Any) -> str:
        return f'<p class="em-calendar">{self.merge_calendar(tokens, at, options, env)}</p>\n'

    def block_broken(self, tokens: Any, at: int, _options: Any, _env: Any) -> str:
        return f'<p><span class="em-unknown">{escape(tokens[at].content)}</span></p>\n'

    def merge_url(self, tokens: Any, at: int, _options: Any, env: Any) -> str:
        codec: Codec = env["codec"]
        number = tokens[at].meta["number"]
        href = f"https://{codec.code('u', number)}"
        return codec.either(number, f'<a href="{href}">{href}</a>', codec.code("t", number))

    def merge_calendar(self, tokens: Any, at: int, _options: Any, env: Any) -> str:
        return blocks.calendar_html(env["codec"], tokens[at].meta["number"])

    def link_open(self, tokens: Any, at: int, options: Any, env: Any) -> str:
        opening, _ = tokens[at].meta["target"].around(env["codec"], "")
        return str(opening + self.renderToken(tokens, at, options, env))

    def link_close(self, tokens: Any, at: int, options: Any, env: Any) -> str:
        target: Target = tokens[at].meta["target"]
        opening = max(index for index in range(at) if tokens[index].type == "link_open")
        label = self.renderInline(tokens[opening + 1 : at], options, env)
        return "</a>" + target.around(env["codec"], _with_address(label, target, env["codec"]))[1]

    def image(self, tokens: Any, idx: int, options: Any, env: Any) -> str:
        target: Target = tokens[idx].meta["target"]
        alt = _with_address(escape(tokens[idx].content), target, env["codec"])
        return target.either(env["codec"], super().image(tokens, idx, options, env), alt)

    def table_open(self, tokens: Any, at: int, options: Any, env: Any) -> str:
        tokens[at].attrSet("class", "em-table")
        return self.renderToken(tokens, at, options, env)

    def th_open(self, tokens: Any, at: int, options: Any, env: Any) -> str:
        """Aligns a column by `align`, since authors get no style attribute."""
        style = str(tokens[at].attrs.pop("style", "text-align:left"))
        tokens[at].attrSet("align", style.removeprefix("text-align:"))
        return self.renderToken(tokens, at, options, env)

    td_open = th_open


def _with_address(label: str, target: Target, codec: Codec) -> str:
    """Returns the HTML of a label, with the address as text behind it if it differs from the label (C8)."""
    raw = escape(target.raw)
    return label if codec.alike(label, raw) else f"{label}{target.if_any(codec, f' ({raw})')}"


def _parser(*, former: bool = False) -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False, "breaks": not former}, renderer_cls=_Renderer).enable("table")
    # `_target` checks every target. The parser's own check would leave a refused link as raw Markdown in the mail.
    md.validateLink = lambda url: True  # type: ignore[method-assign] # noqa: ARG005
    # Until then addresses and their labels stay as typed.
    md.normalizeLink = lambda url: url  # type: ignore[method-assign]
    md.normalizeLinkText = lambda link: link  # type: ignore[method-assign]
    blocks.install(md)
    if not former:
        dialect.install(md)
        bare_links.install(md)
        shown.install(md)
    return md


_MD = _parser()
_FORMER = _parser(former=True)
