"""Which passwords are refused: common ones, rows of keys, repetitions, and what is made of one's name or address."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventmail.domain.people import passwords

OWN = ("Oscar Organizer", "oscar.o@fixture-gala.example")


def codes(password: str) -> list[str]:
    return [error.code for error in passwords.complaints(password, own=OWN)]


@pytest.mark.parametrize(
    "password",
    [
        "Password1234!", "P@ssw0rd2026!", "passwordpassword", "PASSWORD-password", "letmeinletmein1", "Summer2026!!",
        "iloveyou12345", "dragonmonkey2024", "eventmail2026", "welcome to eventmail", "princess-sunshine",
        "qwertyuiop12", "qwertz123456", "1qaz2wsx3edc4rfv", "123456789012", "0987654321098", "!@#$%^&*()_+",
        "aaaaaaaaaaaa", "abcabcabcabc1", "    password    ", "sonyericsson", "ｐａｓｓｗｏｒｄ１２３４",
    ],
)  # fmt: skip
def test_what_others_use_is_refused(password: str) -> None:
    assert codes(password) == ["COMMON"]


@pytest.mark.parametrize(
    "password",
    ["oscar.o@fixture-gala.example", "oscarorganizer", "Oscar Organizer 1", "OSCAR-fixture-2026", "fixture-gala!!"],
)
def test_what_is_made_of_ones_own_name_or_address_is_refused(password: str) -> None:
    assert codes(password) == ["OWN_NAME"]


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple", "long enough to keep", "Tr7#kq9!mZ2p", "93748261049275", "Zm9vYmFyYmF6",
        "das blaue Fahrrad singt", "oscar likes seven cats", "пароль из четырёх слов", "🎉🐟🚲🌂🎈🧀🦆🪁🎻🧊🪵🧵",
        "#!x%&(@$^*!)~",
    ],
)  # fmt: skip
def test_what_nobody_would_guess_is_taken(password: str) -> None:
    assert codes(password) == []


def test_a_short_one_is_told_so_first() -> None:
    assert codes("password") == ["TOO_SHORT"]


@given(st.text(min_size=12, max_size=1000))
def test_no_password_takes_long_to_judge(password: str) -> None:
    began = time.process_time()
    codes(password)
    assert time.process_time() - began < 0.5
