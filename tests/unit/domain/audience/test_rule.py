"""What the rule of a segment may say, and what a wrong part is called."""

from typing import Any

import pytest

from eventmail.domain.audience import rule as audience_rule
from eventmail.errors import InvalidInput

KNOWN = audience_rule.fields(["company", "Größe", "tag", "attribute:x"])


def parsed(*parts: Any, word: str = "all") -> dict[str, Any]:
    return audience_rule.parse({word: list(parts)}, KNOWN).as_json()


def wrong(rule: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as found:
        audience_rule.parse(rule, KNOWN)
    assert (found.value.status, found.value.code) == (400, "INVALID_INPUT")
    return [(error.field, error.code) for error in found.value.fields]


def one(field: str = "company", op: str = "is", value: Any = "x") -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


def test_a_rule_comes_back_in_one_form() -> None:
    given = [one("TAGS", "is not", " vip "), one("grösse", "greater", 1.5), one("Status", "is", "Confirmed"),
             {"field": "company", "op": "is_not_empty"}]  # fmt: skip
    assert parsed(*given, word="any") == {
        "any": [
            {"field": "tag", "op": "is_not", "value": "vip"},
            {"field": "Größe", "op": "greater", "value": "1.5"},
            {"field": "status", "op": "is", "value": "confirmed"},
            {"field": "company", "op": "is_not_empty"},
        ]
    }
    assert parsed(*parsed(*given)["all"]) == parsed(*given)


def test_an_imported_column_with_one_of_our_names_is_said_in_full() -> None:
    assert [parsed(one(name))["all"][0]["field"] for name in ("tag", "attribute:tag", "Attribute:TAG")] == [
        "tag", "attribute:tag", "attribute:tag",
    ]  # fmt: skip
    assert parsed(one("attribute:company"))["all"][0]["field"] == "company"
    assert wrong({"all": [one("attribute:status")]}) == [("rule.all.0.field", "UNKNOWN_FIELD")]


@pytest.mark.parametrize("rule", [None, [], "all", {}, {"none": []}, {"all": [one()], "any": [one()]}, 7])
def test_what_is_no_rule_is_refused(rule: object) -> None:
    assert wrong(rule) == [("rule", "INVALID_RULE")]


@pytest.mark.parametrize(
    ("parts", "codes"),
    [
        ("company is x", [("rule.any", "INVALID_RULE")]),
        ([], [("rule.any", "EMPTY_RULE")]),
        ([one()] * 21, [("rule.any", "TOO_LONG")]),
        ([one(), {"all": [one()]}], [("rule.any.1", "TOO_DEEP")]),
        (["x"], [("rule.any.0", "INVALID_RULE")]),
        ([{"field": "company"}], [("rule.any.0", "INVALID_RULE")]),
        ([{**one(), "not": True}], [("rule.any.0", "INVALID_RULE")]),
        ([one("planet")], [("rule.any.0.field", "UNKNOWN_FIELD")]),
        ([one("")], [("rule.any.0.field", "UNKNOWN_FIELD")]),
        ([{"field": 7, "op": "is"}], [("rule.any.0.field", "UNKNOWN_FIELD")]),
        ([one(op="like")], [("rule.any.0.op", "UNKNOWN_OP")]),
        ([one(op=None)], [("rule.any.0.op", "UNKNOWN_OP")]),  # type: ignore[arg-type]
        ([one("status", "contains")], [("rule.any.0.op", "UNFIT_OP")]),
        ([one("email", "before", "2027-01-01")], [("rule.any.0.op", "UNFIT_OP")]),
        ([one("tag", "greater", "1")], [("rule.any.0.op", "UNFIT_OP")]),
        ([one(value="")], [("rule.any.0.value", "REQUIRED")]),
        ([one(value=None)], [("rule.any.0.value", "REQUIRED")]),
        ([one(value=" \u00a0 ")], [("rule.any.0.value", "REQUIRED")]),
        ([one(value="x" * 501)], [("rule.any.0.value", "TOO_LONG")]),
        ([one(value=True)], [("rule.any.0.value", "NOT_TEXT")]),
        ([one(value=["x"])], [("rule.any.0.value", "NOT_TEXT")]),
        ([one(op="is_empty", value="x")], [("rule.any.0.value", "UNFIT_VALUE")]),
        ([one("status", value="bounced")], [("rule.any.0.value", "UNKNOWN_STATUS")]),
        ([one(op="before", value="05/01/2027")], [("rule.any.0.value", "NOT_A_DATE")]),
        ([one(op="after", value="30.02.2027")], [("rule.any.0.value", "NOT_A_DATE")]),
        ([one(op="less", value="many")], [("rule.any.0.value", "NOT_A_NUMBER")]),
        (
            [one("planet"), one(op="like"), one()],
            [("rule.any.0.field", "UNKNOWN_FIELD"), ("rule.any.1.op", "UNKNOWN_OP")],
        ),
    ],
)
def test_each_part_that_cannot_be_answered_is_named(parts: Any, codes: list[tuple[str, str]]) -> None:
    assert wrong({"any": parts}) == codes


def test_of_two_columns_that_read_the_same_each_is_found_as_it_is_written() -> None:
    known = audience_rule.fields(["fin", "ﬁn"])
    for name in ("fin", "ﬁn"):
        read = audience_rule.parse({"all": [{"field": name, "op": "is_empty"}]}, known)
        assert read.conditions[0].field.name == name


def test_a_misspelt_field_is_told_the_nearest() -> None:
    with pytest.raises(InvalidInput, match="Did you mean “company”"):
        parsed(one("companny"))


def test_the_longest_rule_and_value_are_taken() -> None:
    assert len(parsed(*[one(value="x" * 500)] * 20)["all"]) == 20
