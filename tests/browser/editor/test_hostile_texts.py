"""Nothing that stands in a body acts in the editor, and nothing in the editor leads anywhere or loads anything."""

import pytest
from playwright.sync_api import expect

from tests.browser.editor.test_writing import Opened
from tests.support.budgets import in_soak

HOSTILE = (
    ('[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](&#106;avascript:alert(1))'
    ' [d](data:text/html,<script>alert(1)</script>)'),
    '![p](javascript:alert(1)) ![q](x "onerror=alert(1)") <img src=x onerror=alert(1)> <svg/onload=alert(1)>',
    '::: button javascript:alert(1)\n<script>alert(1)</script>\n:::',
    '::: button https://e.com"onclick="alert(1)\n"><img src=x onerror=alert(1)>\n:::',
    '{guest.firstName|<img src=x onerror=alert(1)>} {"><script>alert(1)</script>.x}',
    ('| <iframe src="javascript:alert(1)"> | {guest.lastName|"onmouseover=alert(1)} |\n'
    '|---|---|\n| <math><mi//xlink:href="data:x,1"> | </pre> |'),
    '```"onload=alert(1)\n</code></pre><script>alert(1)</script>\n```',
    "[r]: javascript:alert(1)\n\n[see][r] <style>*{background:url(javascript:alert(1))}</style>",
)  # fmt: skip


@pytest.mark.parametrize("body", [*HOSTILE[:2], *in_soak(*HOSTILE[2:])])
def test_C5_a_hostile_body_is_text_in_the_editor(open_draft: Opened, body: str) -> None:
    writing = open_draft(body)
    writing.page.evaluate("() => { window.alert = () => { throw new Error('a text acted') } }")
    acting = writing.text.locator("[href], [src], script, style, svg, iframe, math, [onerror], [onload], [onclick]")
    assert acting.count() == 0
    for link in writing.text.locator("a").all():
        link.click()
    writing.text.press("Control+End")
    writing.type("!")
    writing.turn("Source")
    writing.turn("Write")
    expect(writing.text).to_contain_text("!")
    assert acting.count() == 0
    assert writing.page.url.startswith(writing.gala.url("/messages/"))
