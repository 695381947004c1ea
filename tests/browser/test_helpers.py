"""The helpers of the browser tests, tested: what a person could not see or use must not pass."""

import pytest
from playwright.sync_api import Page

from tests.support.browser import (
    Complaints,
    assert_fits,
    assert_visible_everywhere,
    axe,
    axe_everywhere,
    visible,
    why_invisible,
)
from tests.support.live import Live

BUTTON = '<button data-test="it" style="width: 120px; height: 40px">Send</button>'
DOT = '<i class="dot" style="position: absolute; left: 50px; top: 10px; width: 20px; height: 20px"></i>'
VEIL = '<div class="veil" style="position: fixed; inset: 0"></div>'
SMALL = '<a href="#" data-test="it" style="display: inline-block; width: 90px; height: 23px">x</a>'
SCROLLED = '<div style="width: 200px; overflow-x: auto"><div style="width: 3000px; padding-left: 2800px">'
INLINE_STYLE = "document.body.insertAdjacentHTML('beforeend', '<i style=\"color: red\">x</i>')"
BROKEN_IMAGE = "document.body.append(Object.assign(new Image(), {src: '/static/none.png'}))"


def shown(page: Page, body: str) -> str:
    page.set_content(f"<!doctype html><title>t</title><body>{body}</body>")
    return why_invisible(page, "it")


@pytest.mark.parametrize(
    "body",
    [
        BUTTON,
        f'<div style="opacity: .8"><div style="opacity: .7">{BUTTON}</div></div>',
        f'<div style="height: 5000px"></div>{BUTTON}',
        f"{SCROLLED}{BUTTON}</div></div>",
        '<button data-test="it" style="width: 24px; height: 24px; padding: 0">x</button>',
        '<p data-test="it">A line of text may be 18 px high.</p>',
        '<main data-test="it"><div style="height: 4000px">A long page</div></main>',
        BUTTON + BUTTON,
    ],
    ids=["plain", "just opaque", "far below", "in a scrolled region", "24x24", "text", "long page", "two of them"],
)
def test_what_a_person_sees_is_visible(page: Page, body: str) -> None:
    assert shown(page, body) == ""


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "it is not on the page"),
        (f'<div style="opacity: .4">{BUTTON}</div>', "its effective opacity is 0.40"),
        (f'<div style="opacity: .7"><p style="opacity: .7">{BUTTON}</p></div>', "its effective opacity is 0.49"),
        (BUTTON + VEIL, 'its centre is covered by <div class="veil">'),
        (
            f'<div style="position: relative; width: 120px">{BUTTON}{DOT}</div>',
            'its centre is covered by <i class="dot">',
        ),
        ('<button data-test="it" style="width: 10px; height: 10px; padding: 0"></button>', "its box is 10.0 x 10.0 px"),
        (SMALL, "its box is 90.0 x 23.0 px"),
        (f'<div style="display: none">{BUTTON}</div>', "its box is 0.0 x 0.0 px"),
        ('<p data-test="it"></p>', None),
        (f'<div style="visibility: hidden">{BUTTON}</div>', "its visibility is hidden"),
        (f'<div style="position: absolute; left: -5000px">{BUTTON}</div>', "its centre (-4940, 28) is off the screen"),
        (f'<div style="position: fixed; top: 2000px">{BUTTON}</div>', None),
        (f'<div style="width: 40px; height: 40px; overflow: clip">{BUTTON}</div>', None),
        (f'{BUTTON}<div style="display: none">{BUTTON}</div>', "its box is 0.0 x 0.0 px"),
    ],
    ids=["absent", "opacity .4", "opacity of two", "overlay", "dot at the centre", "10x10", "23 high", "display none",
         "empty", "hidden", "off-screen", "fixed below", "clipped", "second one hidden"],
)  # fmt: skip
def test_what_a_person_cannot_see_or_press_is_not_visible(page: Page, body: str, why: str | None) -> None:
    found = shown(page, body)
    assert not visible(page, "it")
    assert found == why or why is None


@pytest.mark.parametrize(
    ("style", "where"),
    [
        ("@media (max-width: 330px) { button { display: none } }", ["320 px, light", "320 px, dark"]),
        (
            "@media (prefers-color-scheme: dark) { button { opacity: .2 } }",
            ["1280 px, dark", "390 px, dark", "320 px, dark"],
        ),
    ],
)
def test_visibility_is_judged_at_three_widths_light_and_dark(page: Page, style: str, where: list[str]) -> None:
    shown(page, f"<style>{style}</style>{BUTTON}")
    with pytest.raises(AssertionError) as refused:
        assert_visible_everywhere(page, ["it"])
    lines = str(refused.value).splitlines()[1:]
    assert [line.split(" at ")[1].split(":")[0] for line in lines] == where
    assert page.viewport_size == {"width": 1280, "height": 800}


def test_a_page_wider_than_its_window_is_found(page: Page) -> None:
    shown(page, '<div style="width: 350px">x</div>')
    with pytest.raises(AssertionError, match=r"'358 px wide at 320 px'"):
        assert_fits(page)


def test_an_accessibility_fault_is_found_and_named(page: Page) -> None:
    page.set_content('<html lang="en"><title>t</title><main><h1>t</h1><img src="data:,"></main></html>')
    with pytest.raises(AssertionError, match="image-alt: "):
        axe(page)


def test_an_accessibility_fault_of_a_frame_is_one_of_its_page(page: Page) -> None:
    page.set_content(
        '<html lang="en"><title>t</title><main><h1>t</h1><iframe srcdoc="<p>x</p>"></iframe></main></html>'
    )
    with pytest.raises(AssertionError, match="frame-title: "):
        axe(page)


LINE = "<div><p>A line of text</p></div>"
ALIKE = LINE * 5 + LINE.replace("<div>", "<div class='it'>")


@pytest.mark.parametrize(
    ("style", "body"),
    [
        (".it p { color: #999 }", ALIKE),
        ("div { background: #eee } .it { background: #555 }", ALIKE),
        (".it { opacity: .5 }", ALIKE),
        ("p { color: #888; font-size: 24px } .it p { font-size: 12px }", ALIKE),
        ("p { color: #888; font-size: 19px; font-weight: bold } .it p { font-weight: normal }", ALIKE),
        ("p { color: #999 }", LINE.replace("A line of text", "1") * 5 + LINE),
        ("@media (max-width: 330px) { p { color: #999 } }", ALIKE),
        ("@media (prefers-color-scheme: dark) { p { color: #999 } }", ALIKE),
        (".it { display: none } @media (max-width: 400px) { .it { color: #999; display: block } }", ALIKE),
        (
            "p { position: relative } @media (width < 400px) { i { position: absolute; inset: 0; background: #555 } }",
            "<i></i>" + ALIKE,
        ),
        (
            "div { background: #000 } p { color: #ddd; width: 9em } @media (max-width: 400px) { div { width: 1em } }",
            ALIKE,
        ),
    ],
    ids=["its colour", "its ground", "its opacity", "its size", "its weight", "the only one that can be judged",
         "when narrow", "when dark", "seen only when narrow", "something under it when narrow",
         "out of its ground when narrow"],
)  # fmt: skip
def test_a_pale_text_is_found_beside_any_number_that_are_alike(
    page: Page, monkeypatch: pytest.MonkeyPatch, style: str, body: str
) -> None:
    monkeypatch.setenv("SOAK", "1")
    page.set_content(
        f'<html lang="en"><title>t</title><style>html {{ background: #fff }} {style}</style>'
        f"<main><h1>t</h1>{body}</main></html>"
    )
    with pytest.raises(AssertionError, match="color-contrast: "):
        axe_everywhere(page)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.error('oh no')", "console: oh no"),
        ("setTimeout(() => { throw new Error('oh no') })", "page error: oh no"),
        ("fetch('/gone').catch(() => {})", "GET {url}/gone failed: net::ERR_CONNECTION_RESET"),
        (
            "document.body.insertAdjacentHTML('beforeend', '<i style=\"color: red\">x</i>')",
            "console: policy violation: style-src",
        ),
        (
            "document.body.append(Object.assign(new Image(), {src: '/static/none.png'}))",
            "GET {url}/static/none.png answered 404",
        ),
    ],
)
def test_a_watched_page_hears_every_complaint(page: Page, shared_live: Live, script: str, complaint: str) -> None:
    complaints = Complaints()
    complaints.watch(page)
    page.route("**/gone", lambda route: route.abort("connectionreset"))
    page.goto(f"{shared_live.url}/sign-in")
    assert complaints == []
    page.evaluate(f"() => {{ {script} }}")
    page.wait_for_function("() => new Promise(done => setTimeout(() => done(true), 50))")
    page.wait_for_load_state("networkidle")
    expected = complaint.format(url=shared_live.url)
    assert [line for line in complaints if line.startswith(expected)] != []


def test_a_refused_form_is_no_complaint(watched: Page, shared_live: Live) -> None:
    watched.goto(f"{shared_live.url}/sign-in")
    watched.get_by_label("Email address").fill("nobody@organizers.example")
    watched.get_by_label("Password").fill("wrong")
    watched.get_by_role("button", name="Sign in").click()
    assert watched.locator("[data-error-code=BAD_CREDENTIALS]").count() == 1
