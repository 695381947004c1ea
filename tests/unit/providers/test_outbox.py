"""The embedded mail service: mail as files, and awkward recipients by address tag."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from eventmail.providers import outbox
from eventmail.providers.base import Accepted, Mail, Outcome, Permanent, Transient, Unclear
from eventmail.providers.one_at_a_time import OneAtATime
from eventmail.providers.outbox import Outbox, kept
from eventmail.states import OUTBOX

MAIL = Mail("abc-1", "req.1.1", 1, "gala@organizers.org", "ada@guests.org", b"Subject: Hi\r\n\r\nText\r\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "instance" / "outbox"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "SLOW_SECONDS", 0.0)


def service(folder: Path) -> OneAtATime:
    return OneAtATime(Outbox(folder), OUTBOX)


def handed(folder: Path, *mails: Mail) -> list[Outcome]:
    return [outcome for _, outcome in service(folder).hand_over(mails, lambda _mail: True) if outcome]


def to(address: str, *, attempt: int = 1) -> Mail:
    return replace(MAIL, to=address, attempt=attempt)


def test_a_mail_is_a_file_that_holds_its_very_bytes(folder: Path) -> None:
    (outcome,) = handed(folder, MAIL)
    (file,) = folder.iterdir()
    assert (outcome, file.read_bytes()) == (Accepted(file.name), MAIL.data)


def test_files_sort_by_time_and_tell_their_key_s3(folder: Path) -> None:
    keys = [f"root-{n}" for n in (3, 1, 10, 2)]
    handed(folder, *(replace(MAIL, key=key) for key in keys))
    assert [mail.key for mail in kept(folder)] == keys
    assert [path.name for path in sorted(folder.iterdir())] == [mail.path.name for mail in kept(folder)]


def test_the_same_mail_handed_over_twice_is_two_files(folder: Path) -> None:
    """So "at most once" is never the store's doing."""
    first, second = handed(folder, MAIL, MAIL)
    assert (first == second, [mail.key for mail in kept(folder)]) == (False, ["abc-1", "abc-1"])
    assert service(folder).honours_keys is False


@pytest.mark.parametrize(
    ("address", "code", "hard"),
    [
        ("a+hardbounce@guests.org", "550 5.1.1", True),
        ("a+b+HardBounce@guests.org", "550 5.1.1", True),
        ("a+softbounce@guests.org", "552 5.2.2", False),
    ],
)
def test_a_bounce_is_refused_and_nothing_is_kept(folder: Path, address: str, code: str, hard: bool) -> None:
    (outcome,) = handed(folder, to(address))
    assert isinstance(outcome, Permanent)
    assert (outcome.code, outcome.hard, kept(folder)) == (code, hard, [])


def test_a_transient_recipient_takes_the_third_try_s4(folder: Path) -> None:
    outcomes = handed(folder, *(to("a+transient@guests.org", attempt=n) for n in (1, 2, 3)))
    assert [type(outcome) for outcome in outcomes] == [Transient, Transient, Accepted]
    assert len(kept(folder)) == 1


def test_a_lost_answer_is_unclear_although_the_mail_is_there_s5(folder: Path) -> None:
    (outcome,) = handed(folder, to("a+lost@guests.org"))
    assert (type(outcome), len(kept(folder))) == (Unclear, 1)


@pytest.mark.parametrize(
    "address", ["a+slow@guests.org", "a+complaint@guests.org", "a+party@guests.org", "hardbounce@guests.org",
                "a@hardbounce.org", "a@x+hardbounce.org", '"a+hardbounce"@guests.org'],
)  # fmt: skip
def test_other_addresses_are_taken(folder: Path, address: str) -> None:
    (outcome,) = handed(folder, to(address))
    assert (type(outcome), len(kept(folder))) == (Accepted, 1)


def test_a_refusal_does_not_stop_the_next_mail(folder: Path) -> None:
    outcomes = handed(folder, to("a+hardbounce@guests.org"), MAIL, to("a+lost@guests.org"), MAIL)
    assert [type(outcome) for outcome in outcomes] == [Permanent, Accepted, Unclear, Accepted]


def test_nothing_leaves_before_its_outcome_is_asked_for(folder: Path) -> None:
    handing = service(folder).hand_over([MAIL, MAIL], lambda _mail: True)
    assert not folder.exists()
    next(handing)
    assert len(kept(folder)) == 1


def test_a_disk_that_refuses_is_worth_another_try_s4(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("a file where the folder should be")
    (outcome,) = handed(folder, MAIL)
    assert isinstance(outcome, Transient)
    assert outcome.detail.startswith("The outbox could not be written: ")


def test_what_could_not_be_written_whole_leaves_nothing_behind(folder: Path) -> None:
    handed(folder, MAIL)
    outcomes = handed(folder, replace(MAIL, key="k" * 300), MAIL)  # a longer name than any file may have
    assert [type(outcome) for outcome in outcomes] == [Transient, Accepted]
    assert len(list(folder.iterdir())) == len(kept(folder)) == 2


def test_a_reader_never_meets_half_a_mail(folder: Path) -> None:
    """A mail gets its name when it is whole; what a crash left half written is no mail."""
    handed(folder, MAIL)
    (whole,) = kept(folder)
    (folder / f"{whole.path.name}.part").write_bytes(b"Subject: ha")
    (folder / f".{whole.path.name}").write_bytes(b"Subject: ha")
    (folder / "notes.txt").write_text("somebody's")
    assert kept(folder) == [whole]
    assert stat.S_ISREG(whole.path.stat().st_mode)


def test_an_instance_without_an_outbox_has_no_mails(folder: Path) -> None:
    assert kept(folder) == []
