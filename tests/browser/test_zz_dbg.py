from tests.browser.test_test_sends import *
def test_dbg(composer, gala):
    composer.get_by_role("button", name="Next guest").click()
    expect(preview(composer).locator("body")).to_contain_text('Doors open, <b>Bo</b> "Bell".')
    print(composer.locator("[name=guest_shown]").evaluate_all("e=>e.map(x=>x.outerHTML+x.value)"))
    composer.on("request", lambda r: print(r.method, r.url, r.post_data) if r.method=="POST" else None)
    press(composer)
    composer.wait_for_timeout(1500)
    assert 0
