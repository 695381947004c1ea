"""What every template can use."""

import hashlib
import re

from tests.support.forked import ROOT
from tests.support.web import Client


def test_no_browser_keeps_a_file_of_an_earlier_version_since_the_address_follows_the_content(
    client: Client, event_id: int
) -> None:
    page = client.get(f"/admin/events/{event_id}/messages").text
    named = dict(re.findall(r"/static/([^?\"#]+)\?v=(\w+)", page))
    digests = {name: hashlib.sha256((ROOT / "eventmail/static" / name).read_bytes()).hexdigest()[:8] for name in named}
    assert named == digests
    assert len(named) == len(set(re.findall(r"/static/([^?\"#]+)", page))) > 10
