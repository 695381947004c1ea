"""What surrounds every body: the HTML shell with inlined styles, and the footer of both parts (C6)."""

from pathlib import Path
from string import Template

import css_inline

from eventmail.content.pieces import Codec
from eventmail.content.text import RULE, WIDTH, wrapped

_SHELL = Template((Path(__file__).parent / "shell.html").read_text(encoding="utf-8"))
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False)
# Keeps a mail list from showing the beginning of the body behind a short preheader.
_FILLER = "&#847;&zwnj;&nbsp;" * 40


def html_page(title: str, preheader: str, body: str, codec: Codec) -> str:
    """Returns the HTML document with sentinels. Title and preheader are escaped text, `body` is sanitised HTML."""
    unsubscribe = codec.own("unsubscribe.url")
    link = f'<p><a href="https://{codec.code("u", unsubscribe)}">Unsubscribe</a></p>'
    footer = f"<p>{_reason(codec)}</p>{codec.either(unsubscribe, link, '')}"
    hidden = f'<div class="em-preheader" dir="auto">{preheader}{_FILLER}</div>\n' if preheader else ""
    return str(_INLINER.inline(_SHELL.substitute(title=title, preheader=hidden, body=body, footer=footer)))


def text_page(body: str, codec: Codec) -> str:
    """Returns the plain-text part with sentinels."""
    unsubscribe = codec.own("unsubscribe.url")
    link = codec.either(unsubscribe, f"Unsubscribe: {codec.code('u', unsubscribe)}\n", "")
    reason = "\n".join(wrapped(_reason(codec), codec, WIDTH))
    return f"{body}\n\n{RULE}\n{reason}\n{link}"


def _reason(codec: Codec) -> str:
    return f"You get this mail because you are on the guest list of {codec.code('t', codec.own('event.title'))}."
