"""How far a search goes in `make test` and in `make soak`."""

import pytest

from tests.support.budgets import budget, each_in_soak, in_soak

CHOICES = ("light", "dark", "narrow")


def test_a_budget_is_as_written_and_in_make_soak_that_many_times_as_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOAK", raising=False)
    assert (budget(50), budget(50, soaked=200)) == (50, 50)
    monkeypatch.setenv("SOAK", "10")
    assert (budget(50), budget(50, soaked=200)) == (500, 2_000)


def test_all_choices_are_taken_in_make_soak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOAK", "1")
    assert each_in_soak(CHOICES) == CHOICES


def test_else_each_test_has_one_choice_and_some_test_has_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOAK", raising=False)
    taken = []
    for number in range(100):
        monkeypatch.setenv("PYTEST_CURRENT_TEST", f"test {number}")
        taken.append(each_in_soak(CHOICES))
        assert each_in_soak(CHOICES) == taken[-1]
    assert [len(choices) for choices in taken] == [1] * 100
    assert {choices[0] for choices in taken} == set(CHOICES)


def test_parameters_of_make_soak_alone_carry_its_marker_one_by_one_or_as_those_of_a_call() -> None:
    found = in_soak("dark", (390, 844))
    assert [(each.values, [mark.name for mark in each.marks]) for each in found] == [
        (("dark",), ["soak"]), ((390, 844), ["soak"]),
    ]  # fmt: skip
