"""What is typed into a design is text wherever it is shown: nothing of it runs, and the policy reports nothing."""

from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.designs.page.steps import add, address, look, made, open_, outcome, preview, saved
from tests.browser.steps import Gala, by_test
from tests.support.browser import assert_fits

SCRIPT = "<script>window.ran=1</script>"
IMAGE = '<img src=x onerror="window.ran=1">'
LINK = "[press](javascript:window.ran=1) <a href='javascript:window.ran=1'>x</a>"


def quiet(page: Page, *texts: str) -> None:
    """Each text is read literally on the page, and none of it has run, in no frame either."""
    for text in texts:
        expect(page.locator("main")).to_contain_text(text)
    assert page.evaluate("window.ran") is None
    for place in (page, page.frame_locator("iframe.frame")):  # found anew each time: a new text has a new frame
        expect(place.locator("a[href^='javascript' i]")).to_have_count(0)


def test_C4_name_subject_preview_text_body_and_name_of_a_version_are_read_as_they_were_typed(
    page: Page, gala: Gala
) -> None:
    body = f"{SCRIPT} {IMAGE}\n\n{LINK}"
    design = made(gala, name=f"A {IMAGE}", subject=f"B {SCRIPT}", preheader=f"C {IMAGE}", body=body, publish=True)
    open_(page, gala, design)
    quiet(page, f"A {IMAGE}", f"B {SCRIPT}", f"C {IMAGE}")
    expect(preview(page).locator("body")).to_contain_text(f"{SCRIPT} {IMAGE}")
    add(page, IMAGE)
    saved(gala, body + IMAGE)
    by_test(page, "email-design-changes").locator("summary").click()
    quiet(page, f"A {IMAGE}")
    expect(by_test(page, "email-design-changes").locator(".source ins")).to_contain_text(["<img"])
    look(page)
    quiet(page, f"A {IMAGE}")
    by_test(page, "email-design-publish-confirm").click()
    by_test(page, "email-design-test-send-cta").click()
    outcome(page)
    quiet(page, f"A {IMAGE}")

    # the versions, with a name of their own
    page.goto(f"{address(gala, design)}/revisions")
    page.get_by_label("Keep the draft as it is now, under a name").fill(f"D {SCRIPT}")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text(f"“D {SCRIPT}”").first).to_be_visible()
    page.locator("#version-1 summary").first.click()
    quiet(page, f"A {IMAGE}", f"D {SCRIPT}")
    assert_fits(page)

    # the list, the snapshot by itself, a message with it, and the log
    page.goto(gala.url("/email-templates"))
    quiet(page, f"A {IMAGE}")
    assert_fits(page)
    page.goto(f"{address(gala, design)}/preview?snapshot=published")
    assert page.evaluate("window.ran") is None
    expect(page.locator("body")).to_contain_text(f"{SCRIPT} {IMAGE}")
    open_(page, gala, design)
    by_test(page, "email-design-use-published").click()
    expect(by_test(page, "based-on")).to_have_text(f"A {IMAGE} v2")
    steps.pick(page, ["Confirmed"])
    quiet(page, f"A {IMAGE}")
    page.goto(gala.url("/audit"))
    quiet(page, f"A {IMAGE}")
