"""Body Markdown to safe HTML (C5): CommonMark without HTML, tables and our blocks, parsed once, sanitised by nh3."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from eventmail.content import blocks
from eventmail.content.blocks import Problem
from eventmail.content.segments import Marks, linkable

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
    """A safe link target; and the token, if any, whose value decides whether it links: its number and its mark."""

    href: str
    number: int | None = None
    kind: str = "o"

    def opening(self, marks: Marks) -> str:
        """What stands before the linked form."""
        return "" if self.number is None else marks.mark(self.kind, self.number)

    def closing(self, marks: Marks, plain: str) -> str:
        """What stands behind the linked form: the plain one, if a value may choose it."""
        return "" if self.number is None else f"{marks.mark('x', self.number)}{plain}{marks.mark('e', self.number)}"


def parse(body: str, marks: Marks) -> tuple[list[Token], list[Problem]]:
    """The tokens of a body whose merge tokens are sentinels, every link in it safe; and what cannot be sent."""
    problems: list[Problem] = []
    tokens = _MD.parse(body, {"problems": problems})
    for token in tokens:
        if token.children is not None:
            token.children = list(_merged(_linked(token.children, marks), marks))
        elif token.type == "block_button":
            token.meta["target"] = target = _target(str(token.attrs["href"]), marks)
            if target is None:
                line = (token.map or [0])[0] + 1
                problems.append(Problem(line, "A button's address must begin with https://, http://, mailto: or tel:."))
        elif token.type == "block_calendar_links":
            token.meta["number"] = marks.own("calendar.links")
    return tokens, sorted(problems, key=lambda problem: problem.line)


def to_html(tokens: list[Token], marks: Marks) -> str:
    """Sanitised HTML with sentinels. Only what Markdown and our blocks make survives; relative addresses do not."""
    return nh3.clean(
        str(_MD.renderer.render(tokens, _MD.options, {"marks": marks})),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel=None,
    )


def _target(href: str, marks: Marks) -> Target | None:
    """The target with its sentinels told how to encode; None when it is unsafe, relative or names an unknown token."""
    if not all(marks.known(int(number)) for number in marks.values.findall(href)):
        return None
    whole = marks.values.match(href)
    if whole is not None:
        rest = marks.values.sub(lambda found: marks.mark("c", int(found[1])), href[whole.end() :])
        return Target(f"https://{marks.mark('u', int(whole[1]))}{rest}", int(whole[1]))

    if not linkable(href):
        return None
    scheme = re.match("mailto:|tel:", href, re.IGNORECASE)
    address = marks.values.match(href, scheme.end()) if scheme is not None else None

    def inside(found: re.Match[str]) -> str:
        return marks.mark("c" if scheme is None or "?" in href[: found.start()] else "a", int(found[1]))

    return Target(marks.values.sub(inside, href), int(address[1]) if address is not None else None, "p")


def _linked(children: list[Token], marks: Marks) -> Iterator[Token]:
    """The inline tokens; a link without a safe target leaves only its label, and a draft's unknown token with it."""
    target: Target | None = None
    href = ""
    for child in children:
        if child.type == "link_open":
            href = str(child.attrs["href"])
            target = _target(href, marks)
            if target is not None:
                child.attrs["href"], child.meta["target"] = target.href, target
                yield child
        elif child.type == "link_close" and target is None:
            unknown = [number for number in map(int, marks.values.findall(href)) if not marks.known(number)]
            yield Token("text", "", 0, content="".join(f" {marks.mark('t', n)}" for n in unknown), meta={"lost": href})
        elif child.type == "link_close":
            child.meta["target"] = target
            yield child
        elif child.type == "image":
            picture = _target(str(child.attrs["src"]), marks)
            if picture is not None and picture.href.lower().startswith(("http://", "https://")):
                child.attrs["src"], child.meta["target"] = picture.href, picture
                yield child
            else:
                yield _text(child.content)
        else:
            yield child


def _merged(children: Iterator[Token], marks: Marks) -> Iterator[Token]:
    """The inline tokens; outside of links, web addresses and the calendar links become links of their own."""
    inside_link = False
    for child in children:
        inside_link = child.type == "link_open" or (inside_link and child.type != "link_close")
        if child.type != "text" or child.meta or inside_link:
            yield child
            continue
        pieces = marks.values.split(child.content)
        yield _text(pieces[0])
        for number, text in zip(map(int, pieces[1::2]), pieces[2::2], strict=True):
            if marks.known(number) and marks.field(number).url:
                yield Token("merge_url", "", 0, meta={"number": number})
            elif marks.tokens[number].field == "calendar.links":
                yield Token("merge_calendar", "", 0, meta={"number": number})
            else:
                yield _text(marks.mark("t", number))
            yield _text(text)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


class _Renderer(RendererHTML):
    """markdown-it's renderer (it calls the method named like a token's type) with our blocks and guarded links."""

    def block_button(self, tokens: Any, at: int, _options: Any, env: Any) -> str:
        marks: Marks = env["marks"]
        target: Target | None = tokens[at].meta["target"]
        label = escape(tokens[at].content)
        plain = f"<p>{label}</p>\n"
        if target is None:
            return plain
        return target.opening(marks) + blocks.button_html(escape(target.href), label) + target.closing(marks, plain)

    def block_calendar_links(self, tokens: Any, at: int, _options: Any, env: Any) -> str:
        return f'<p class="em-calendar">{blocks.calendar_html(env["marks"], tokens[at].meta["number"])}</p>\n'

    def block_broken(self, tokens: Any, at: int, _options: Any, _env: Any) -> str:
        return f'<p><span class="em-unknown">{escape(tokens[at].content)}</span></p>\n'

    def merge_url(self, tokens: Any, at: int, _options: Any, env: Any) -> str:
        marks: Marks = env["marks"]
        number = tokens[at].meta["number"]
        href = f"https://{marks.mark('u', number)}"
        return marks.either(number, f'<a href="{href}">{href}</a>', marks.mark("t", number))

    def merge_calendar(self, tokens: Any, at: int, _options: Any, env: Any) -> str:
        return blocks.calendar_html(env["marks"], tokens[at].meta["number"])

    def link_open(self, tokens: Any, at: int, options: Any, env: Any) -> str:
        target: Target = tokens[at].meta["target"]
        return target.opening(env["marks"]) + self.renderToken(tokens, at, options, env)

    def link_close(self, tokens: Any, at: int, options: Any, env: Any) -> str:
        target: Target = tokens[at].meta["target"]
        opening = max(index for index in range(at) if tokens[index].type == "link_open")
        label = self.renderInline(tokens[opening + 1 : at], options, env)
        return "</a>" + target.closing(env["marks"], label)

    def image(self, tokens: Any, idx: int, options: Any, env: Any) -> str:
        target: Target = tokens[idx].meta["target"]
        picture = super().image(tokens, idx, options, env)
        return target.opening(env["marks"]) + picture + target.closing(env["marks"], escape(tokens[idx].content))

    def table_open(self, tokens: Any, at: int, options: Any, env: Any) -> str:
        tokens[at].attrSet("class", "em-table")
        return self.renderToken(tokens, at, options, env)

    def th_open(self, tokens: Any, at: int, options: Any, env: Any) -> str:
        return self._cell(tokens, at, options, env)

    def td_open(self, tokens: Any, at: int, options: Any, env: Any) -> str:
        return self._cell(tokens, at, options, env)

    def _cell(self, tokens: Any, at: int, options: Any, env: Any) -> str:
        """Authors get no style attribute, so the alignment of a column becomes `align`."""
        style = str(tokens[at].attrs.pop("style", "text-align:left"))
        tokens[at].attrSet("align", style.removeprefix("text-align:"))
        return self.renderToken(tokens, at, options, env)


def _parser() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
    # Every target passes `_target`; the parser's own check would leave a refused link as raw Markdown in the mail.
    md.validateLink = lambda url: True  # type: ignore[method-assign] # noqa: ARG005
    blocks.install(md)
    return md


_MD = _parser()
