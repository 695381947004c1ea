"""One entry of the navigation leads to every list of messages; tabs lead from one list to the next."""

import re
from typing import Any

import pytest
from pydantic import SecretStr

from eventmail.settings import Settings
from tests.support.web import Client

TYPED = {"subject": "Hi", "body": "See you.", "statuses": "confirmed"}
LISTS = {
    "Drafts": "messages/drafts", "Scheduled": "scheduled", "Sent": "mailings", "Calendar": "calendar",
    "Outbox": "outbox",
}  # fmt: skip


def entries(page: str) -> list[str]:
    """The labels of the current entries of the event."""
    nav = page.partition('<nav class="nav"')[2].partition("</nav>")[0]
    return re.findall(r'aria-current="page"><svg.*?</svg>(.*?)</a>', nav)


def tabs(page: str) -> list[tuple[str, str, str, str]]:
    """(address, current, label, number) of each tab of messages."""
    nav = page.partition('<nav class="tabs" aria-label="Messages">')[2].partition("</nav>")[0]
    return re.findall(r'<a href="([^"]*)"( aria-current="page")?>(\w+)(?: <span class="number">(\d+)</span>)?', nav)


@pytest.mark.parametrize("current", LISTS)
def test_each_list_of_messages_is_a_tab_of_one_entry(client: Client, event_id: int, current: str) -> None:
    page = client.get(f"/admin/events/{event_id}/{LISTS[current]}").text
    assert entries(page) == ["Messages"]
    numbers = {"Drafts": "0", "Scheduled": "0", "Sent": "0", "Calendar": "", "Outbox": ""}
    assert tabs(page) == [
        (f"/admin/events/{event_id}/{path}", ' aria-current="page"' if label == current else "", label, numbers[label])
        for label, path in LISTS.items()
    ]


def test_a_page_below_a_list_has_its_tab_and_the_composer_none(
    client: Client, event_id: int, add_guests: Any, work: Any
) -> None:
    add_guests([{"email": "ada@guests.org"}])
    url = f"/admin/events/{event_id}"
    sent = client.submit(f"{url}/messages", {**TYPED, "idempotency_key": "k"}).location
    draft = client.submit(f"{url}/messages/drafts", {**TYPED, "page_mark": "p"}).location
    work()
    [mail] = set(re.findall(rf'href="({url}/outbox/[^"]+)"', client.get(f"{url}/outbox").text))
    below = {
        f"{url}/messages": [], draft: [], f"{draft}/deletion": ["Drafts"], sent: ["Sent"],
        sent.replace("messages", "mailings"): ["Sent"], mail: ["Outbox"],
    }  # fmt: skip
    for path, current in below.items():
        page = client.get(path).text
        assert entries(page) == ["Messages"]
        assert [label for _, here, label, _ in tabs(page) if here] == current
        assert [number for *_, number in tabs(page)] == ["1", "0", "1", "", ""]


class TestWithAMailService:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"provider": "smtp", "smtp_url": SecretStr("smtp://127.0.0.1:2525")})

    def test_S13_there_is_no_outbox(self, client: Client, event_id: int) -> None:
        page = client.get(f"/admin/events/{event_id}/mailings").text
        assert [label for _, _, label, _ in tabs(page)] == ["Drafts", "Scheduled", "Sent", "Calendar"]
