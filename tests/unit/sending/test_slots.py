"""The bytes of a hand-over journal: what was written is read, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventmail.providers.base import Accepted, Outcome, Permanent, Refused, Transient, Unclear
from eventmail.sending import slots
from eventmail.sending.slots import Entry, Header, Kind, Slot, Stage

HEADER = Header("box:4711:abcdefgh", "04c098be-1b2c-4ccd-85a8-abbd49911600", 65024, 2146889)
ENTRY = Entry(Kind.RECIPIENT, 17, 3, 2**61 + 5, "smtp")
OUTCOMES: tuple[Outcome, ...] = (
    Accepted("250 2.0.0 Ok: queued as 4F2A"),
    Accepted(complained=True),
    Transient("Try again later", code="451 4.3.2", retry_after=12.5),
    Permanent("No such user „hier“\r\n\x00", code="550 5.1.1", hard=True),
    Unclear("The connection was lost"),
    Refused("Sender refused", code="530"),
)


def journal(*filled: bytes) -> bytes:
    """A whole journal with these slots."""
    return (slots.header_bytes(HEADER) + b"".join(filled)).ljust(slots.SIZE, b"\0")


def told(outcome: Outcome | None) -> tuple[object, ...]:
    return () if outcome is None else (type(outcome), vars(outcome))


def same(read: Slot | None, entry: Entry, stage: Stage, outcome: Outcome | None) -> bool:
    return read is not None and (read.entry, read.stage, told(read.outcome)) == (entry, stage, told(outcome))


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_S11b_an_outcome_is_read_as_the_mail_service_gave_it(outcome: Outcome) -> None:
    assert same(slots.read_slot(slots.slot_bytes(ENTRY, Stage.TOLD, outcome)), ENTRY, Stage.TOLD, outcome)


@pytest.mark.parametrize("stage", [Stage.MARKED, Stage.BEGUN])
@pytest.mark.parametrize("kind", Kind)
def test_S11b_a_mail_without_an_outcome_is_read_as_far_as_it_came(stage: Stage, kind: Kind) -> None:
    entry = ENTRY._replace(kind=kind)
    assert slots.read_slot(slots.slot_bytes(entry, stage)) == Slot(entry, stage)


@given(
    st.builds(Entry, st.sampled_from(Kind), st.integers(1, 2**63 - 1), st.integers(0, 2**31), st.integers(0, 2**62),
              st.sampled_from(["smtp", "outbox", "cloudflare"])),
    st.text(), st.text(max_size=30), st.none() | st.floats(0, 1e6),
)  # fmt: skip
def test_S11b_whatever_the_words_the_slot_holds_them_or_their_beginning(
    entry: Entry, detail: str, code: str, retry_after: float | None
) -> None:
    data = slots.slot_bytes(entry, Stage.TOLD, Transient(detail, code=code, retry_after=retry_after))
    read = slots.read_slot(data)
    assert len(data) == slots.SLOT_BYTES
    assert read is not None
    assert (read.entry, read.stage) == (entry, Stage.TOLD)
    assert isinstance(read.outcome, Transient)
    assert read.outcome.retry_after == retry_after


def test_S11b_a_mail_that_was_marked_is_begun_without_making_its_slot_anew() -> None:
    begun = slots.begun_bytes(slots.slot_bytes(ENTRY, Stage.MARKED))
    assert begun == slots.slot_bytes(ENTRY, Stage.BEGUN)


def test_S11b_an_accepted_mail_holds_nothing_that_its_short_form_leaves_out() -> None:
    assert vars(Accepted("taken")) == {"id": "taken", "complained": False}


def test_S11b_words_that_have_no_room_are_shortened_and_the_rest_is_kept() -> None:
    read = slots.read_slot(slots.slot_bytes(ENTRY, Stage.TOLD, Permanent("é" * 5000, code="550 5.1.1", hard=True)))
    assert read is not None
    assert told(read.outcome) == (
        Permanent, {"detail": "é" * 175, "code": "550 5.1.1", "retry_after": None, "hard": True}
    )  # fmt: skip


@pytest.mark.parametrize("stage", Stage)
def test_S11b_one_bit_turned_anywhere_in_a_slot_makes_it_say_nothing(stage: Stage) -> None:
    whole = slots.slot_bytes(ENTRY, stage, Accepted("taken") if stage == Stage.TOLD else None)
    read = []
    for bit in range(8 * len(whole)):
        turned = bytearray(whole)
        turned[bit // 8] ^= 1 << bit % 8
        read.append(slots.read_slot(bytes(turned)))
    assert read == [None] * (8 * slots.SLOT_BYTES)


def test_S11b_one_bit_turned_anywhere_in_the_header_makes_the_journal_say_nothing() -> None:
    whole = journal(slots.slot_bytes(ENTRY, Stage.MARKED))
    read = []
    for bit in range(8 * slots.HEADER_BYTES):
        turned = bytearray(whole)
        turned[bit // 8] ^= 1 << bit % 8
        read.append(slots.read_header(bytes(turned)))
    assert read == [None] * (8 * slots.HEADER_BYTES)


def test_S11b_a_journal_that_was_cut_at_any_byte_says_nothing() -> None:
    whole = journal(slots.slot_bytes(ENTRY, Stage.MARKED))
    assert [slots.read_header(whole[:length]) for length in range(slots.SIZE)] == [None] * slots.SIZE
    assert slots.read_header(whole) == HEADER
    assert slots.read_header(whole + b"\0") is None


@pytest.mark.parametrize("stage", [Stage.BEGUN, Stage.TOLD])
def test_S11b_a_slot_that_was_half_overwritten_says_nothing_of_either_mail_state(stage: Stage) -> None:
    before = slots.slot_bytes(ENTRY, Stage.MARKED)
    after = slots.slot_bytes(ENTRY, stage, Accepted("taken") if stage == Stage.TOLD else None)
    torn = {after[:cut] + before[cut:] for cut in range(slots.SLOT_BYTES)} - {before, after}
    assert {slots.read_slot(data) for data in torn} == {None}


def test_S11b_empty_slots_and_those_of_a_version_to_come_say_nothing() -> None:
    to_come = slots._sealed(slots._SLOT.pack(9, 1, 0, 17, 1, 5, b"smtp"), slots.SLOT_BYTES)
    unknown = slots._sealed(slots._SLOT.pack(3, 1, 12, 17, 1, 5, b"smtp") + b'["Later",{}]', slots.SLOT_BYTES)
    mine = slots.slot_bytes(ENTRY, Stage.BEGUN)
    assert slots.read_slots(journal(bytes(slots.SLOT_BYTES), to_come, unknown, mine)) == [Slot(ENTRY, Stage.BEGUN)]
