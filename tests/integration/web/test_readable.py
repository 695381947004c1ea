"""What is said about what was typed can be read."""

from typing import Any


def test_a_sentence_repeats_what_was_typed_without_what_nobody_sees(api: Any, event_id: int) -> None:
    body = {"audience": {"statuses": ["a\x00\u202eb"]}}
    answer = api.post(f"/admin/events/{event_id}/audience-previews", json=body)
    said = "“a\ufffd\ufffdb” is not a status; there are invited, confirmed, declined."
    assert (answer.json["detail"], answer.json["errors"][0]["message"]) == (said, said)
