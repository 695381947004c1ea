"""What we rely on of the vendored htmx, on pages made for it: an upgrade is a new file that passes here.

The pages are served from a dict, under the very policy of the application's own pages.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from eventmail.web.access import HEADERS
from tests.support.live import ROOT
from tests.support.waiting import wait_for

SITE = "http://htmx.test"
BASE = (ROOT / "eventmail/templates/base.html").read_text()
CONFIG = re.findall(r'<meta name="htmx-config".*?>', BASE)[0]
SCRIPT = ROOT / "eventmail/static/vendor/htmx@4.0.1/htmx.min.js"
Answer = str | tuple[int, str] | tuple[int, str, dict[str, str]]


@dataclass
class Site:
    """A page, what its requests are answered with, and the requests that came."""

    page: Page
    answers: dict[str, Callable[[Any], Answer] | Answer] = field(default_factory=dict)
    seen: list[Any] = field(default_factory=list)

    def open(self, body: str, **answers: Callable[[Any], Answer] | Answer) -> Page:
        self.answers = {f"/{path}": answer for path, answer in answers.items()}
        html = f'<!doctype html><title>x</title>{CONFIG}<script defer src="/htmx.js"></script><body>{body}'
        self.answers["/"] = html
        self.page.goto(SITE + "/")
        self.page.wait_for_function("window.htmx")
        self.seen.clear()
        return self.page

    def answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(SITE).partition("?")[0]
        if path == "/htmx.js":
            route.fulfill(path=SCRIPT, content_type="text/javascript")
            return
        self.seen.append(route.request)
        given = self.answers[path]
        given = given(route.request) if callable(given) else given
        status, body, *headers = (200, given) if isinstance(given, str) else given
        policy = {"Content-Security-Policy": HEADERS["Content-Security-Policy"]}
        route.fulfill(status=status, body=body, content_type="text/html", headers=policy | dict(*headers))

    def asked(self, path: str) -> int:
        return sum(request.url == f"{SITE}/{path}" for request in self.seen)


@pytest.fixture
def site(watched: Page) -> Iterator[Site]:
    made = Site(watched)
    watched.route(f"{SITE}/**", made.answer)
    yield made


@pytest.mark.parametrize("status", [400, 409, 422])
def test_the_body_of_a_refusal_is_swapped_like_any_other(site: Site, status: int) -> None:
    page = site.open(
        '<form hx-post="/no" hx-target="#box"><button>Go</button></form><div id="box"></div>',
        no=(status, "<b>refused</b>"),
    )
    page.get_by_role("button").click()
    expect(page.locator("#box")).to_have_text("refused")


def test_a_server_error_goes_where_the_body_says_and_leaves_the_target_alone(site: Site) -> None:
    inherited = re.findall(r'hx-status:5xx:inherited="[^"]+"', BASE)[0]
    page = site.open("")
    site.answers["/boom"] = (418, "unused")
    page.evaluate(
        """attribute => {
          const [name, value] = attribute.split('="');
          document.body.innerHTML = '<div id="problems"></div><div id="box">kept</div>' +
            '<button hx-get="/boom" hx-target="#box">Go</button>';
          document.body.setAttribute(name, value.replace('"', ''));
          htmx.process(document.body);
        }""",
        inherited,
    )
    site.answers["/boom"] = (504, "<p>no luck</p>")
    failed: list[str] = []
    page.on("console", lambda message: failed.append(message.text))
    page.get_by_role("button").click()
    expect(page.locator("#problems")).to_have_text("no luck")
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
    polling = '<div id="t" hx-get="/t" hx-trigger="every {}s" hx-swap="outerMorph" hx-target="this">{}</div>'
    answers = iter([polling.format(0.1, "two"), polling.format(0.2, "three"), '<div id="t">done</div>'])
    page = site.open(polling.format(0.1, "one"), t=lambda _request: next(answers))
    expect(page.locator("#t")).to_have_text("done")
    assert site.asked("t") == 3
    page.evaluate("new Promise(done => setTimeout(done, 800))")
    assert site.asked("t") == 3, "the poll went on"


def test_a_morph_keeps_the_focus_and_what_was_typed(site: Site) -> None:
    inside = '<section id="t"{}><a href="#" id="link">Outbox</a><input id="typed"><p>{}</p></section>'
    trigger = ' hx-get="/t" hx-trigger="renew" hx-swap="outerMorph" hx-target="this"'
    page = site.open(inside.format(trigger, "one"), t=lambda _request: inside.format(trigger, "two"))
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
        mail1="one",
        mail2="two",
    )
    before = page.evaluate("history.length")
    page.get_by_role("button").click()
    expect(page.frame_locator("#mail-2").locator("body")).to_have_text("two")
    assert page.evaluate("history.length") == before


def test_a_newer_request_replaces_the_one_under_way(site: Site) -> None:
    held: list[Route] = []
    page = site.open(
        '<form id="f"><input name="q"><div id="live" hx-post="/live" hx-trigger="input from:#f delay:10ms"'
        ' hx-include="#f" hx-sync="this:replace" hx-target="#out"></div></form><p id="out"></p>',
    )
    page.route(f"{SITE}/live", lambda route: held.append(route))
    page.locator("[name=q]").press_sequentially("a")
    wait_for(lambda: page.evaluate("1") and len(held) == 1, what="the first request")
    page.locator("[name=q]").press_sequentially("b")
    wait_for(lambda: page.evaluate("1") and len(held) == 2, what="the second request")
    held[1].fulfill(body="newer", content_type="text/html")
    expect(page.locator("#out")).to_have_text("newer")
    assert held[0].request.failure == "net::ERR_ABORTED"
    assert "q=ab" in (held[1].request.post_data or "") or 'name="q"\r\n\r\nab' in (held[1].request.post_data or "")


def test_a_tick_and_a_letter_both_ask_again_and_only_once_they_pause(site: Site) -> None:
    page = site.open(
        '<form id="f"><label><input type="checkbox" name="s">S</label><textarea name="b"></textarea>'
        '<div hx-post="/live" hx-trigger="input from:#f delay:150ms" hx-include="#f" hx-target="#out"></div></form>'
        '<p id="out"></p>',
        live="fresh",
    )
    page.get_by_label("S").check()
    expect(page.locator("#out")).to_have_text("fresh")
    assert site.asked("live") == 1
    page.locator("textarea").press_sequentially("several letters")
    wait_for(lambda: page.evaluate("1") and site.asked("live") > 1, what="the second request")
    assert site.asked("live") == 2


def test_a_redirect_after_a_post_is_followed_and_its_page_is_swapped(site: Site) -> None:
    page = site.open(
        '<form hx-post="/save" hx-target="#box"><button>Go</button></form><div id="box"></div>',
        save=(303, "", {"Location": "/saved"}),
        saved="<b>saved</b>",
    )
    page.get_by_role("button").click()
    expect(page.locator("#box")).to_have_text("saved")


def test_a_pressed_button_names_itself_and_does_not_submit_its_form(site: Site) -> None:
    page = site.open(
        '<form id="f" method="post" action="/whole" hx-post="/review" hx-target="#out"><input name="q" value="1">'
        '<button id="step" name="step" value="7" formaction="/plain" hx-post="/live" hx-include="#f" hx-target="#out">Next</button>'
        '<button id="send">Send</button></form><p id="out"></p>',
        live="stepped",
        review="reviewed",
    )
    page.locator("#step").click()
    expect(page.locator("#out")).to_have_text("stepped")
    assert [request.url for request in site.seen] == [f"{SITE}/live"]
    assert set((site.seen[0].post_data or "").split("&")) == {"q=1", "step=7"}
    page.locator("#send").click()
    expect(page.locator("#out")).to_have_text("reviewed")


def test_a_part_of_a_whole_page_is_asked_for_as_a_page(site: Site) -> None:
    page = site.open(
        '<main id="main"><form id="f" hx-post="/review" hx-target="#main" hx-select="#main" hx-swap="outerMorph">'
        '<textarea name="b"></textarea><button>Go</button></form></main>',
        review=(
            409,
            '<!doctype html><title>y</title><body><p>around</p><main id="main"><form id="f" hx-post="/review"'
            ' hx-target="#main" hx-select="#main" hx-swap="outerMorph"><p role="alert">refused</p>'
            '<textarea name="b">typed</textarea><button>Go</button></form></main>',
        ),
    )
    page.locator("textarea").fill("typed")
    page.evaluate("document.querySelector('textarea').dataset.kept = 'yes'")
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_have_text("refused")
    expect(page.locator("textarea")).to_have_value("typed")
    expect(page.get_by_text("around")).to_have_count(0)
    headers = site.seen[0].headers
    assert (headers["hx-request"], headers["hx-request-type"]) == ("true", "full")


def test_a_fragment_is_asked_for_as_a_part(site: Site) -> None:
    page = site.open('<button hx-get="/t" hx-target="#t">Go</button><p id="t"></p>', t="new")
    page.get_by_role("button").click()
    expect(page.locator("#t")).to_have_text("new")
    headers = site.seen[0].headers
    assert (headers["hx-request"], headers["hx-request-type"]) == ("true", "partial")
    assert "text/html" in headers["accept"]


def test_the_server_may_say_where_a_refusal_goes(site: Site) -> None:
    page = site.open(
        '<div id="warning"></div><form hx-post="/no" hx-target="#box" hx-swap="outerHTML"><button>Go</button></form>'
        '<div id="box">kept</div>',
        no=(400, "<b>refused</b>", {"HX-Retarget": "#warning", "HX-Reswap": "innerHTML"}),
    )
    page.get_by_role("button").click()
    expect(page.locator("#warning")).to_have_text("refused")
    expect(page.locator("#box")).to_have_text("kept")


def test_attributes_are_not_inherited_unless_they_say_so(site: Site) -> None:
    page = site.open(
        '<div hx-target="#far"><button hx-get="/t">Go</button></div><p id="far">kept</p>',
        t="here",
    )
    page.get_by_role("button").click()
    expect(page.get_by_role("button")).to_have_text("here")
    expect(page.locator("#far")).to_have_text("kept")


def test_a_second_click_while_a_request_runs_is_dropped_or_waits_its_turn(site: Site) -> None:
    running: list[float] = []

    def once(_request: Any) -> Answer:
        running.append(time.monotonic())
        return "done"

    page = site.open('<button hx-post="/t" hx-target="#t">Go</button><p id="t"></p>', t=once)
    page.get_by_role("button").dblclick()
    expect(page.locator("#t")).to_have_text("done")
    assert len(running) <= 2
