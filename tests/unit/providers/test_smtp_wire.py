"""What is shown of an answer of several lines."""

from eventmail.providers.smtp.wire import joined


def test_every_line_is_kept_and_shown_once() -> None:
    lines = ["Verification failed for <team@example.org>", "Unknown user", "Unknown user", "Sender verify failed"]
    shown = "Verification failed for <team@example.org>; Unknown user; Sender verify failed"
    assert joined(lines, 600) == shown
    assert joined(["it was", "broken in the", "middle"], 600) == "it was broken in the middle"


def test_a_long_answer_keeps_its_beginning_and_its_end() -> None:
    shown = joined(["Begin", *(f"line {number}" for number in range(999)), "the End"], 600)
    assert (len(shown) <= 600, shown.startswith("Begin line 0"), shown.endswith("the End")) == (True, True, True)
