"""Secrets stay secret, and a signature serves the one link it was made for."""

import multiprocessing
import stat
from pathlib import Path

import pytest

from eventmail import signing

SECRET = bytes(range(32))


def test_the_instance_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret.key"
    made = signing.instance_secret(path)
    assert len(made) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signing.instance_secret(path) == made
    assert [file.name for file in path.parent.iterdir()] == ["secret.key"]


def test_processes_that_start_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    for attempt in range(5):
        paths = [tmp_path / str(attempt) / "secret.key"] * 4
        with fork.Pool(4) as pool:
            assert len(set(pool.map(signing.instance_secret, paths, chunksize=1))) == 1


@pytest.mark.parametrize("content", ["", "00" * 31])
def test_a_file_that_lost_its_secret_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(content)
    with pytest.raises(ValueError, match="does not hold a secret"):
        signing.instance_secret(path)


def test_a_signature_is_good_for_exactly_what_was_signed() -> None:
    signature = signing.sign(SECRET, "ics", 3, 17)
    assert len(signature) == 22
    assert signing.verify(SECRET, signature, "ics", 3, 17)
    assert not signing.verify(SECRET, signature, "ics", 3, 18)
    assert not signing.verify(SECRET, signature, "ics", 31, 7)
    assert not signing.verify(SECRET, signature, "ics", 3)
    assert not signing.verify(SECRET, signature, "unsubscribe", 3, 17)
    assert not signing.verify(SECRET[::-1], signature, "ics", 3, 17)


def test_parts_that_look_alike_when_joined_have_different_signatures() -> None:
    lists = [("a", "b", "c"), ("a", "b\x1fc"), ("a\x1fb", "c"), ("a", 'b", "c'), ("abc",)]
    assert len({signing.sign(SECRET, "test", *parts) for parts in lists}) == len(lists)


@pytest.mark.parametrize("signature", ["", "ä", "\udcff", "x" * 22, "x" * 10_000])
def test_a_made_up_signature_is_bad_and_breaks_nothing(signature: str) -> None:
    assert not signing.verify(SECRET, signature, "ics", 3)


def test_a_token_is_stored_hashed_and_no_two_are_alike() -> None:
    first, second = signing.new_token(), signing.new_token()
    assert first != second
    assert len(first) == 43
    assert signing.hashed("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert signing.hashed("\udcff") == signing.hashed("?")
