"""Bare web and mail addresses in a text, with a scheme, `www.` or `@`, become links (C5).

They are found before emphasis, so that an underscore or star inside an address stays.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass

from linkify_it import LinkifyIt
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

LONGEST = 2_000  # characters of an address; bounds the search for its end
_START = re.compile(
    r"(?<![^\W_])(?P<scheme>https?://|mailto:)(?=\S)|(?<![^\W_])(?<![^\W_]_)(?<![.@/-])(?P<www>www\.)(?=[^\W_])"
    r"|(?<![^\s(<\[\"'“”„«»‘’‚,;:|*_~])(?P<mail>[a-z0-9][a-z0-9._%+&-]{0,63})(?=@[^\W_])"
    r"|(?<![^\W_])(?P<tel>tel:\+?[0-9][0-9().-]{2,30}[0-9])",
    re.IGNORECASE,
)
# Punctuation behind an address; the finder only knows that of ASCII.
_NOT_ITS_OWN = "*“”„«»‘’‚‹›…、。，！？；：）】」』〉》"
_CLOSING = re.compile(r"_+\W*$")
_FINDER = LinkifyIt(options={"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})


@dataclass(frozen=True, slots=True)
class Bare:
    """The position of an address in a text, and its target."""

    start: int
    end: int
    href: str


def install(md: MarkdownIt) -> None:
    """Adds bare links to the parser."""
    md.inline.ruler.at("text", _text)
    md.inline.ruler.before("text", "eventmail_link", _link)


def find(text: str) -> list[Bare]:
    """Returns the addresses in `text`, in order."""
    found, at = [], 0
    while start := _START.search(text, at):
        bare = _bare(text, start)
        found += [bare] if bare else []
        at = bare.end if bare else start.end()
    return found


def _bare(text: str, start: re.Match[str]) -> Bare | None:
    first = start.start()
    if start["tel"]:
        return Bare(first, start.end(), start["tel"])
    scheme = "http://" if start["www"] else "mailto:" if start["mail"] else ""
    word = re.compile(r"\S+").match(text, first, first + LONGEST)
    within = word[0] if word else ""
    if first and text[first - 1] == "_":  # an underscore that ends the emphasis does not belong to the address
        within = _CLOSING.sub("", within)
    found = _FINDER.match_at_start(scheme + within)
    if found is None:
        return None
    href = str(found.url).rstrip(_NOT_ITS_OWN)
    host = href.partition("@")[2] if start["mail"] else href.removeprefix(scheme)
    if scheme and not re.search(r"[^\W_]\.[^\W_]", host.removeprefix("www.")):
        return None
    return Bare(first, first + len(href) - len(scheme), href)


def _next(state: StateInline) -> Bare | None:
    """Returns the first address from the parser's position on. Each text is searched once."""
    known: dict[str, list[Bare]] = state.env.setdefault("bare", {})
    if state.src not in known:
        known[state.src] = find(state.src)
    following = bisect_left(known[state.src], state.pos, key=lambda bare: bare.start)
    return known[state.src][following] if following < len(known[state.src]) else None


def _text(state: StateInline, silent: bool) -> bool:
    """The parser's rule for plain text, but it also stops before an address."""
    sign = state.md.inline.terminator_re.search(state.src, state.pos)
    end = sign.start() if sign else state.posMax
    if bare := _next(state):
        end = min(end, bare.start)
    if end == state.pos:
        return False
    if not silent:
        state.append_pending(state.src[state.pos : end])
    state.pos = end
    return True


def _link(state: StateInline, silent: bool) -> bool:
    """An address at this position becomes a link, but inside a link's label stays text."""
    bare = _next(state)
    if bare is None or bare.start != state.pos or bare.end > state.posMax:
        return False
    written = state.src[bare.start : bare.end]
    if not silent and state.linkLevel:
        state.append_pending(written)
    elif not silent:
        state.push("link_open", "a", 1).attrs = {"href": bare.href}
        state.tokens[-1].markup = "linkify"
        state.push("text", "", 0).content = written
        state.push("link_close", "a", -1).markup = "linkify"
    state.pos = bare.end
    return True
