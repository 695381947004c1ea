"""What we rely on of the vendored htmx, on pages made for it: an upgrade is a new file that passes here.

The pages come from a server of their own, under the very policy of the application's pages.
"""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, expect

from eventmail.web.core.access import HEADERS
from tests.support.live import ROOT
from tests.support.waiting import wait_for

BASE = (ROOT / "eventmail/templates/base.html").read_text()
CONFIG = re.findall(r'<meta name="htmx-config".*?>', BASE)[0]
INHERITED = re.findall(r'hx-status:5xx:inherited="[^"]+"', BASE)[0]
SCRIPT = (ROOT / "eventmail/static/vendor/htmx@4.0.1/htmx.min.js").read_text()
IN_A_FRAME = {"Content-Security-Policy": "frame-ancestors 'self'"}
OWN = ("", "htmx", "favicon.ico")  # asked for by the page itself, or by the browser whenever it likes
Answer = str | tuple[int, str] | tuple[int, str, dict[str, str]]
Answers = Answer | Callable[[], Answer]


@dataclass(frozen=True)
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    fields: dict[str, list[str]]


@dataclass
class Site:
    """A page, what its requests are answered with, and the requests that came."""

    page: Page
    url: str = ""
    answers: dict[str, Answers] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def open(self, content: str, **answers: Answers) -> Page:
        """Show `content` as a page; `answers` by the one word of their path."""
        html = f"<!doctype html><title>x</title>{CONFIG}<script defer src='/htmx'></script><body {INHERITED}>{content}"
        self.answers = {"": html, "htmx": (200, SCRIPT, {"Content-Type": "text/javascript"}), **answers}
        self.asked.clear()
        self.page.goto(self.url)
        self.page.wait_for_function("window.htmx")
        return self.page

    def times(self, path: str) -> int:
        return sum(asked.path == path for asked in self.asked)


@pytest.fixture
def site(_a_browser_is_there: None, page: Page) -> Iterator[Site]:
    made = Site(page)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.strip("/")
            text = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            if path not in OWN:
                made.asked.append(Asked(self.command, path, headers, parse_qs(text)))
            given = made.answers.get(path, (404, ""))
            given = given() if callable(given) else given
            status, content, *more = (200, given) if isinstance(given, str) else given
            self.send_response(status)
            for name, value in ({"Content-Type": "text/html"} | HEADERS | dict(*more)).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content.encode())

        do_POST = do_GET  # noqa: N815  http.server's name

        def log_message(self, *_args: object) -> None:
            """Nothing on the test's terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}/"
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda message: broken.append(message.text) if "Content Security" in message.text else None)
    yield made
    page.goto("about:blank")
    server.shutdown()
    server.server_close()
    thread.join()
    assert broken == []


@pytest.mark.parametrize("status", [400, 409, 422])
def test_the_body_of_a_refusal_is_swapped_like_any_other(site: Site, status: int) -> None:
    page = site.open(
        '<form hx-post="/no" hx-target="#box"><button>Go</button></form><div id="box"></div>',
        no=(status, "<b>refused</b>"),
    )
    page.get_by_role("button").click()
    expect(page.locator("#box")).to_have_text("refused")


def test_a_server_error_goes_where_the_body_says_and_leaves_the_target_alone(site: Site) -> None:
    page = site.open(
        '<button hx-get="/boom" hx-target="#box">Go</button><div id="problems"></div><div id="box">kept</div>',
        boom=(503, "<p>no luck</p>"),
    )
    page.get_by_role("button").click()
    expect(page.locator("#problems")).to_have_text("no luck")
    expect(page.locator("#box")).to_have_text("kept")


def test_the_server_may_say_where_a_refusal_goes(site: Site) -> None:
    page = site.open(
        '<div id="warning"></div><form hx-post="/no" hx-target="#box" hx-swap="outerHTML"><button>Go</button></form>'
        '<div id="box">kept</div>',
        no=(400, "<b>refused</b>", {"HX-Retarget": "#warning", "HX-Reswap": "innerHTML"}),
    )
    page.get_by_role("button").click()
    expect(page.locator("#warning")).to_have_text("refused")
    expect(page.locator("#box")).to_have_text("kept")


def test_one_answer_renews_several_places(site: Site) -> None:
    page = site.open(
        '<button hx-post="/live" hx-target="#a" hx-swap="outerMorph">Go</button>'
        '<p id="a">1</p><p id="b">1</p><form><input id="c" value="1"></form>',
        live='<p id="a">2</p><hx-partial hx-target="#b" hx-swap="outerMorph"><p id="b">2</p></hx-partial>'
        '<hx-partial hx-target="#c" hx-swap="outerHTML"><output id="c">2</output></hx-partial>',
    )
    page.get_by_role("button").click()
    for place in "abc":
        expect(page.locator(f"#{place}")).to_have_text("2")
    expect(page.locator("hx-partial")).to_have_count(0)


def test_a_poll_ends_with_a_fragment_that_has_no_trigger_and_takes_a_new_interval_at_once(site: Site) -> None:
    polling = '<div id="t" hx-get="/t" hx-trigger="every {}ms" hx-swap="outerMorph" hx-target="this">{}</div>'
    answers = iter([polling.format(200, "two")])
    page = site.open(polling.format(200, "one"), t=lambda: next(answers, polling.format(90_000, "three")))
    expect(page.locator("#t")).to_have_text("three")
    assert_no_more_polls(page, site)
    page = site.open(polling.format(200, "one"), t='<div id="t">done</div>')
    expect(page.locator("#t")).to_have_text("done")
    assert_no_more_polls(page, site)


def assert_no_more_polls(page: Page, site: Site) -> None:
    """A poll every 200 ms would come back five times; one may have been on its way."""
    before = site.times("t")
    page.evaluate("new Promise(done => setTimeout(done, 1100))")
    assert site.times("t") - before <= 1, "the old interval went on"


def test_a_poll_takes_its_next_address_and_its_answer_wakes_another_part_at_most_so_often(site: Site) -> None:
    poll = '<div id="t" hx-get="/t{}" hx-trigger="every 200ms" hx-swap="outerMorph" hx-target="this"></div>'
    woken = (
        '<div id="u" hx-get="/u" hx-trigger="changed from:body throttle:600s, settled from:body" hx-target="this" '
        'hx-swap="outerMorph" hx-sync="this:replace">{}</div>'
    )
    changed, settled = {"HX-Trigger": "changed"}, {"HX-Trigger": "settled"}
    answers = iter([woken.format("two"), woken.format("three")])
    page = site.open(
        poll.format(0) + woken.format("one"),
        t0=(200, poll.format(1), changed),
        t1=(200, poll.format(2), changed),
        t2=(200, '<div id="t">done</div>', settled),
        u=lambda: next(answers),
    )
    expect(page.locator("#t")).to_have_text("done")
    expect(page.locator("#u")).to_have_text("three")
    polled = dict.fromkeys(asked.path for asked in site.asked if asked.path != "u")  # one may have waited for another
    assert (list(polled), site.times("u")) == (["t0", "t1", "t2"], 2)


def test_a_morph_keeps_the_focus_and_what_was_typed(site: Site) -> None:
    inside = (
        '<section id="t" hx-get="/t" hx-trigger="renew" hx-swap="outerMorph" hx-target="this">'
        '<a href="#" id="link">Outbox</a><input id="typed"><p>{}</p></section>'
    )
    page = site.open(inside.format("one"), t=inside.format("two"))
    page.locator("#typed").fill("mine")
    page.locator("#link").focus()
    page.evaluate("htmx.trigger('#t', 'renew')")
    expect(page.locator("#t p")).to_have_text("two")
    expect(page.locator("#link")).to_be_focused()
    expect(page.locator("#typed")).to_have_value("mine")


def test_a_morph_replaces_a_frame_of_another_id_so_that_back_leaves_the_page(site: Site) -> None:
    frame = '<section id="t"><iframe id="mail-{0}" src="/mail{0}"></iframe></section>'
    page = site.open(
        frame.format(1) + '<button hx-get="/t" hx-target="#t" hx-swap="outerMorph">Go</button>',
        t=frame.format(2),
        mail1=(200, "one", IN_A_FRAME),
        mail2=(200, "two", IN_A_FRAME),
    )
    expect(page.frame_locator("#mail-1").locator("body")).to_have_text("one")
    before = page.evaluate("history.length")
    page.get_by_role("button").click()
    expect(page.frame_locator("#mail-2").locator("body")).to_have_text("two")
    assert page.evaluate("history.length") == before


def test_a_newer_request_replaces_the_one_under_way(site: Site) -> None:
    free = threading.Event()

    def answer() -> str:
        if site.times("live") > 1:
            return "newer"
        free.wait(120)
        return "older"

    page = site.open(
        '<form id="f"><input name="q"><div id="live" hx-post="/live" hx-trigger="input from:#f delay:10ms"'
        ' hx-include="#f" hx-sync="this:replace" hx-target="#out"></div></form><p id="out"></p>',
        live=answer,
    )
    page.locator("[name=q]").press_sequentially("a")
    wait_for(lambda: site.times("live") == 1, what="the first request")
    page.locator("[name=q]").press_sequentially("b")
    expect(page.locator("#out")).to_have_text("newer")
    free.set()
    page.evaluate("new Promise(done => setTimeout(done, 200))")
    expect(page.locator("#out")).to_have_text("newer")
    assert [asked.fields["q"] for asked in site.asked] == [["a"], ["ab"]]


def test_a_tick_and_a_letter_both_ask_again_and_only_once_they_pause(site: Site) -> None:
    page = site.open(
        '<form id="f"><label><input type="checkbox" name="s">S</label><textarea name="b"></textarea>'
        '<div hx-post="/live" hx-trigger="input from:#f delay:200ms" hx-include="#f" hx-target="#out"></div></form>'
        '<p id="out"></p>',
        live="fresh",
    )
    page.get_by_label("S").check()
    expect(page.locator("#out")).to_have_text("fresh")
    assert site.times("live") == 1
    page.locator("textarea").evaluate(
        """area => {
          for (const letter of "letters") {
            area.value += letter;
            area.dispatchEvent(new InputEvent("input", {bubbles: true}));
          }
        }"""
    )
    wait_for(lambda: site.times("live") > 1, what="the second request")
    assert [asked.fields.get("b") for asked in site.asked] == [None, ["letters"]]


def test_a_redirect_after_a_post_is_followed_and_its_page_is_swapped(site: Site) -> None:
    page = site.open(
        '<form hx-post="/save" hx-target="#box"><button>Go</button></form><div id="box"></div>',
        save=(303, "", {"Location": "/saved"}),
        saved="<b>saved</b>",
    )
    page.get_by_role("button").click()
    expect(page.locator("#box")).to_have_text("saved")
    assert [(asked.method, asked.path) for asked in site.asked] == [("POST", "save"), ("GET", "saved")]


def test_a_pressed_button_names_itself_and_does_not_submit_its_form(site: Site) -> None:
    page = site.open(
        '<form id="f" method="post" action="/whole" hx-post="/review" hx-target="#out"><input name="q" value="1">'
        '<button id="step" name="step" value="7" formaction="/plain" hx-post="/live" hx-include="#f" hx-target="#out">'
        'Next</button></form><button id="send" form="f">Send</button><p id="out"></p>',
        live="stepped",
        review="reviewed",
    )
    page.locator("#step").click()
    expect(page.locator("#out")).to_have_text("stepped")
    assert [asked.path for asked in site.asked] == ["live"]
    assert site.asked[0].fields == {"q": ["1"], "step": ["7"]}
    page.locator("#send").click()
    expect(page.locator("#out")).to_have_text("reviewed")
    assert site.asked[1].fields == {"q": ["1"]}


def test_a_part_of_a_whole_page_is_asked_for_as_a_page(site: Site) -> None:
    form = (
        '<main id="main"><form id="f" hx-post="/review" hx-target="#main" hx-select="#main" hx-swap="outerMorph">{}'
        '<textarea name="b" id="b">{}</textarea><button>Go</button></form></main>'
    )
    whole = "<!doctype html><title>y</title><body><p>around</p>" + form.format('<p role="alert">refused</p>', "typed")
    page = site.open(form.format("", ""), review=(409, whole))
    page.locator("#b").fill("typed")
    page.locator("#b").focus()
    page.evaluate("document.querySelector('form').requestSubmit()")
    expect(page.get_by_role("alert")).to_have_text("refused")
    expect(page.locator("#b")).to_have_value("typed")
    expect(page.locator("#b")).to_be_focused()
    expect(page.get_by_text("around")).to_have_count(0)
    headers = site.asked[0].headers
    assert (headers["hx-request"], headers["hx-request-type"]) == ("true", "full")


def test_a_fragment_is_asked_for_as_a_part(site: Site) -> None:
    page = site.open('<button hx-get="/t" hx-target="#t">Go</button><p id="t"></p>', t="new")
    page.get_by_role("button").click()
    expect(page.locator("#t")).to_have_text("new")
    headers = site.asked[0].headers
    assert (headers["hx-request"], headers["hx-request-type"]) == ("true", "partial")
    assert "text/html" in headers["accept"]


def test_attributes_are_not_inherited_unless_they_say_so(site: Site) -> None:
    page = site.open('<div hx-target="#far"><button hx-get="/t">Go</button></div><p id="far">kept</p>', t="here")
    page.get_by_role("button").click()
    expect(page.get_by_role("button")).to_have_text("here")
    expect(page.locator("#far")).to_have_text("kept")
