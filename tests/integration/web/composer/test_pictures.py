"""Pictures of a mail, wherever it is read in the app: our own at once, foreign ones after one press."""

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask

from eventmail.web.core.access import HEADERS
from tests.support.web import Client, partial, words

CLOSED, OPEN = (
    f"default-src 'none'; style-src 'unsafe-inline'; img-src data: {sources}; sandbox allow-popups "
    "allow-popups-to-escape-sandbox; frame-ancestors 'self'"
    for sources in ("http://127.0.0.1:8000", "http: https:")
)
PAGE = HEADERS["Content-Security-Policy"]
OWN = "![ours](http://127.0.0.1:8000/static/favicon.svg)"
FOREIGN = "![theirs](https://cdn.gala.org/a.png) ![theirs](https://cdn.gala.org/b.png) ![g](https://{guest.Host|nobody.org}/p.png)"
NOT_YET = "are not loaded: loading them tells their owner that somebody looked at this mail."


@pytest.fixture
def url(api: Any, event_id: int) -> str:
    for host, name in (("one.org", "Ada"), ("two.org", "Ben")):
        guest = {"email": f"{name}@guests.org", "first_name": name, "status": "confirmed", "attributes": {"Host": host}}
        assert api.post(f"/admin/events/{event_id}/guests", json=guest).status_code == 201
    return f"/admin/events/{event_id}"


@pytest.fixture
def read(client: Client, api: Any, url: str, work: Any) -> Any:
    """read(body): where a message is read once it was sent: its own page, and that of one mail in the outbox."""

    def send(body: str) -> dict[str, str]:
        asked = {"kind": "one_time", "subject": "S", "body": body, "audience": {"statuses": ["confirmed"]}}
        sent = api.post(f"{url}/mailings", json=asked, headers={"Idempotency-Key": "k"})
        assert sent.status_code == 202, sent.text
        work()
        names = re.findall(rf'href="({url}/outbox/[^"/?]+\.eml)"', client.get(f"{url}/outbox").text)
        return {"sent": f"{url}/mailings/{sent.json['id']}", "outbox": names[0]}

    return send


def framed(client: Client, page: Any) -> Any:
    found = re.search(r'<iframe[^>]* src="([^"]+)"', page.text)
    assert found
    return client.get(unescape(found[1]))


def policies(*answers: Any) -> list[str]:
    return [answer.headers["Content-Security-Policy"] for answer in answers]


def pressed(page: Any) -> str:
    """The address that the one press leads to."""
    found = re.findall(r'<a class="button small" href="([^"]+)" rel="nofollow">Show pictures</a>', page.text)
    assert len(found) == 1
    return unescape(found[0]).partition("#")[0]


@pytest.mark.parametrize(("where", "host"), [("sent", "nobody.org"), ("outbox", "two.org")])
def test_C5_foreign_pictures_load_after_one_press_by_the_policy_of_the_frame_alone(
    client: Client, read: Any, where: str, host: str
) -> None:
    page = client.get(read(f"{OWN} {FOREIGN}")[where])
    hosts = re.findall(
        "<bdi>([^<]+)</bdi>", page.text.partition('data-test="foreign-pictures"')[2].partition("</p>")[0]
    )
    assert hosts == ["cdn.gala.org", host]
    assert NOT_YET in words(page)
    shown = client.get(pressed(page))
    assert (NOT_YET in words(shown), "are shown." in words(shown), "Hide pictures" in shown.text) == (False, True, True)
    before, after = framed(client, page), framed(client, shown)
    assert policies(page, before, shown, after) == [PAGE, CLOSED, PAGE, OPEN]
    assert before.data == after.data  # nothing in the mail changes


@pytest.mark.parametrize("where", ["sent", "outbox"])
@pytest.mark.parametrize("body", [OWN, "No picture, [a link](https://cdn.gala.org/a.png)"])
def test_C5_without_foreign_pictures_there_is_nothing_to_press(
    client: Client, read: Any, where: str, body: str
) -> None:
    page = client.get(read(body)[where])
    assert ("Show pictures" in page.text, policies(framed(client, page))) == (False, [CLOSED])


def look(client: Client, url: str, body: str, **typed: str) -> Any:
    form = {"subject": "S", "preheader": "P", "body": body, "statuses": "confirmed", **typed}
    return client.submit(f"{url}/messages/preview", form, headers=partial())


def button(page: Any) -> tuple[str, str] | None:
    """The word and the label of the preview's button for pictures."""
    found = re.search(r'id="look-pictures" name="look" value="([^"]+)"[^>]*>(?:<svg.*?</svg>)?([^<]+)<', page.text)
    return (found[1], found[2]) if found else None


def test_C5_in_the_composer_a_press_holds_while_somebody_writes_and_for_no_other_host(client: Client, url: str) -> None:
    first = look(client, url, FOREIGN)
    word, label = button(first) or ("", "")
    assert (label, NOT_YET in words(first)) == ("Show pictures", True)
    shown = look(client, url, FOREIGN, look=word)
    assert button(shown) == ("phone-light-marked", "Hide pictures")
    before, after = framed(client, first), framed(client, shown)
    assert (policies(before, after), before.data == after.data) == ([CLOSED, OPEN], True)
    kept = re.search(r'name="look_shown" value="([^"]+)"', shown.text)
    assert kept
    more = look(client, url, f"More. {FOREIGN}", look_shown=kept[1])
    other = look(client, url, f"{FOREIGN} ![x](https://x.org/x)", look_shown=kept[1])
    next_guest = re.search(r'id="step-next" name="step" value="([^"]+)"', shown.text)
    assert next_guest
    theirs = look(client, url, FOREIGN, look_shown=kept[1], step=next_guest[1])
    assert policies(*(framed(client, page) for page in (more, other, theirs))) == [OPEN, CLOSED, CLOSED]
    assert (button(look(client, url, OWN, look_shown=kept[1])), button(look(client, url, "Hi"))) == (None, None)
    assert button(look(client, url, FOREIGN, look="text-light-marked")) is None  # there are no pictures in it


@pytest.mark.parametrize(("base", "said"), [("https://mail.gala.org", True), ("http://mail.gala.org", False)])
def test_pictures_without_tls_are_told_on_a_page_with_it(
    app: Flask, client: Client, url: str, base: str, said: bool
) -> None:
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"base_url": base})
    page = look(client, url, "![x](http://cdn.gala.org/x.png)")
    assert ("Those that begin with http: may stay empty" in words(page)) is said
    assert "Those that begin" not in words(look(client, url, "![x](https://cdn.gala.org/x.png)"))
    assert policies(framed(client, page)) == [CLOSED.replace("http://127.0.0.1:8000", base)]
