"""What every browser test looks at: visibility as a person would judge it, accessibility, a quiet console."""

import shutil
from collections.abc import Iterable
from os import environ
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import ConsoleMessage, Page, Request, Response, Route

from tests.support.budgets import each_in_soak

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# A body is written in its textarea, unless a page was told otherwise.
WRITES_SOURCE = "if (self.origin !== 'null') localStorage.editor ??= 'source'"
ARGUMENTS = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = (1280, 390, 320)
THEMES = ("light", "dark")
SIGHTS = ((1280, "light"), (1280, "dark"), (390, "light"), (320, "dark"))
HEIGHT = 800
STATIC = frozenset({"script", "stylesheet", "image", "font"})

# Answers why elements can't be seen, by the name in their `data-test`, or "". Rounding is forgiven, nothing else.
_WHY_NOT = """
names => {
const whyNot = element => {
  element.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
  const box = element.getBoundingClientRect();
  const control = element.matches("a, button, input, select, textarea, summary, [role=button], [role=link]");
  const least = control ? 23.99 : 1;
  if (box.width < least || box.height < least)
    return `its box is ${box.width.toFixed(1)} x ${box.height.toFixed(1)} px`;
  let opacity = 1;
  for (let at = element; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
  if (opacity <= 0.5) return `its effective opacity is ${opacity.toFixed(2)}`;
  if (getComputedStyle(element).visibility !== "visible") return "its visibility is hidden";
  const x = box.left + box.width / 2, y = box.top + box.height / 2;
  const hit = document.elementFromPoint(x, y);
  if (!hit) return `its centre (${x.toFixed(0)}, ${y.toFixed(0)}) is off the screen`;
  if (!element.contains(hit)) return `its centre is covered by <${hit.tagName.toLowerCase()} class="${hit.className}">`;
  return "";
};
return names.map(name => {
  const found = [...document.querySelectorAll(`[data-test="${name}"]`)];
  return found.length ? found.map(whyNot).find(why => why) ?? "" : "it is not on the page";
});
}
"""

_BESIDE_AXE = Path(__file__).with_name("axe.js").read_text()


def chromium() -> str | None:
    """The browser's program, or None to let Playwright use its own."""
    for name in (environ.get("EVENTMAIL_CHROMIUM", ""), *PROGRAMS):
        found = name and shutil.which(name)
        if found:
            return found
    return None


def why_invisible(page: Page, name: str) -> str:
    """Why somebody can't see `[data-test=name]`, or "" when each of them is effectively visible.

    Scrolled into view, a box of at least 24x24 CSS px for controls, opacity above 0.5 through all ancestors, not
    covered at its centre.
    """
    return _why_invisible(page, [name])[0]


def _why_invisible(page: Page, names: list[str]) -> list[str]:
    """For each name the same, in one question to the browser."""
    answers: list[str] = page.evaluate(_WHY_NOT, names)
    return answers


def visible(page: Page, name: str) -> bool:
    """Whether each `[data-test=name]` is effectively visible, and there is one."""
    return why_invisible(page, name) == ""


def assert_visible_everywhere(page: Page, names: Iterable[str]) -> None:
    """Each of `names` is visible at 1280, 390 and 320 px, light and dark. Leaves the page at 1280 px, light."""
    names = list(names)
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            reasons = zip(names, _why_invisible(page, names), strict=True)
            wrong += [f"{name} at {width} px, {theme}: {why}" for name, why in reasons if why]
    page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
    page.emulate_media(color_scheme=THEMES[0])  # type: ignore[arg-type]
    assert not wrong, "not visible:\n" + "\n".join(wrong)


def assert_fits(page: Page) -> None:
    """The page never scrolls sideways, at 1280, 390 and 320 px."""
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            wrong.append(f"{wide} px wide at {width} px")
    page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
    assert wrong == [], f"{page.url} scrolls sideways: {wrong}"


def axe(page: Page) -> None:
    """The page, as it stands, breaks no accessibility rule that a program can check."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
        page.evaluate(_BESIDE_AXE)
    violations = page.evaluate("eventmailAxe()")
    assert violations == [], f"{page.url}\n" + "\n".join(_violation(found) for found in violations)


def axe_everywhere(page: Page) -> None:
    """`axe` at one of 1280, 390 and 320 px, light or dark; in `make soak` at each width and in each theme."""
    for width, theme in each_in_soak(SIGHTS):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        axe(page)
    page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
    page.emulate_media(color_scheme=THEMES[0])  # type: ignore[arg-type]


def _violation(found: dict[str, Any]) -> str:
    places = "; ".join(f"{node['target'][0]}: {node['html'][:160]}" for node in found["nodes"])
    return f"{found['id']}: {found['help']} ({places})"


def held(page: Page, pattern: str) -> list[Route]:
    """The next request to such an address, once it is made. It waits until its `continue_` is called."""
    found: list[Route] = []

    def hold(route: Route) -> None:
        found.append(route)

    page.route(pattern, hold, times=1)
    return found


class Complaints(list[str]):
    """What a page complained about while somebody watched."""

    def watch(self, page: Page) -> None:
        """Note console errors, page errors, failed requests, policy violations, broken assets and every 5xx.

        A refused form (4xx) is an answer, not a complaint; a request cut by leaving the page is none either.
        """
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.append(f"page error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.add_init_script(
            "document.addEventListener('securitypolicyviolation', violation => "
            "console.error(`policy violation: ${violation.violatedDirective} ${violation.blockedURI}`));"
        )

    def _console(self, message: ConsoleMessage) -> None:
        answered = message.text.startswith("Failed to load resource: the server responded with a status of")
        if message.type == "error" and not answered:
            self.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":
            self.append(f"{request.method} {request.url} failed: {request.failure}")

    def _answered(self, response: Response) -> None:
        broken = response.status >= 400 and response.request.resource_type in STATIC
        if broken or response.status >= 500:
            self.append(f"{response.request.method} {response.url} answered {response.status}")
