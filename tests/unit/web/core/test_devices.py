"""What a browser says of itself, in words."""

import pytest

from eventmail.web.core.devices import device

SAID = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0": "Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36":
        "Chrome on Windows",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0":
        "Edge on Windows",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.6 Safari/605.1.15":
        "Safari on a Mac",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1":
        "Safari on an iPhone",
    "Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 Chrome/139.0.0.0 Mobile Safari/537.36":
        "Chrome on Android",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":
        "Samsung Internet on Android",
    "Mozilla/5.0 (Linux)": "A browser on Linux",
    "curl/8.5.0": "curl",
    "": "A device that does not say what it is",
    "<b>x</b>": "A device that does not say what it is",
}  # fmt: skip


@pytest.mark.parametrize(("user_agent", "words"), SAID.items())
def test_a_browser_is_named_in_words(user_agent: str, words: str) -> None:
    assert device(user_agent) == words
