"""What stands around every body: the HTML table shell with inlined styles, and the footer of both parts (C6)."""

from pathlib import Path
from string import Template

import css_inline

from eventmail.content.pieces import Marks
from eventmail.content.text import RULE, WIDTH, wrapped

_SHELL = Template((Path(__file__).parent / "shell.html").read_text(encoding="utf-8"))
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False)
# Without it a mail list shows the beginning of the body right behind a short preheader.
_FILLER = "&#847;&zwnj;&nbsp;" * 40


def html_page(title: str, preheader: str, body: str, marks: Marks) -> str:
    """The whole HTML document with sentinels; title and preheader are escaped text, body is sanitised HTML."""
    unsubscribe = marks.own("unsubscribe.url")
    link = f'<p><a href="https://{marks.mark("u", unsubscribe)}">Unsubscribe</a></p>'
    footer = f"<p>{_reason(marks)}</p>{marks.either(unsubscribe, link, '')}"
    hidden = f'<div class="em-preheader" dir="auto">{preheader}{_FILLER}</div>\n' if preheader else ""
    return str(_INLINER.inline(_SHELL.substitute(title=title, preheader=hidden, body=body, footer=footer)))


def text_page(body: str, marks: Marks) -> str:
    """The whole plain-text part with sentinels."""
    unsubscribe = marks.own("unsubscribe.url")
    link = marks.either(unsubscribe, f"Unsubscribe: {marks.mark('u', unsubscribe)}\n", "")
    reason = "\n".join(wrapped(_reason(marks), marks, WIDTH))
    return f"{body}\n\n{RULE}\n{reason}\n{link}"


def _reason(marks: Marks) -> str:
    return f"You get this mail because you are on the guest list of {marks.mark('t', marks.own('event.title'))}."
