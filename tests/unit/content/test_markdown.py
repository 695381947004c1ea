from markdown_it.token import Token

from eventmail.content.blocks import Problem
from eventmail.content.markdown import parse, to_html
from eventmail.content.pieces import Codec


def test_C5_whatever_the_parser_lets_through_the_sanitiser_does_not(fields):
    html = (
        '<script>x</script><a href="javascript:x" onclick="x" class="em-card">a</a><a href="/rel">b</a>'
        '<img src="data:x" style="x"><iframe></iframe><form>c</form>'
    )
    tokens = [Token("inline", "", 0, children=[Token("html_inline", "", 0, content=html)])]
    assert to_html(tokens, Codec.for_text([], [], fields)) == '<a class="">a</a><a>b</a><img>c'


def test_C5_blocks_stand_in_lists_and_quotes_and_end_with_them(fields):
    marks = Codec.for_text([], [], fields)
    tokens, problems = parse(
        "para\n::: button https://a.example\nGo\n:::\n\n- ::: calendar-links\n  :::\n\n> ::: button https://a.example\n\n:::",
        marks,
    )
    assert [token.type for token in tokens if token.type.startswith("block_")] == [
        "block_button",
        "block_calendar_links",
        "block_broken",
        "block_broken",
    ]
    assert problems == [
        Problem(9, "The block “::: button https://a.example” has no closing “:::” line."),
        Problem(11, "This “:::” line closes no block."),
    ]


def test_C5_code_is_left_alone(fields):
    tokens, problems = parse("    ::: x\n\n```\n::: button\n```\n\n`::: y`", Codec.for_text([], [], fields))
    assert ([token.type for token in tokens][:2], problems) == (["code_block", "fence"], [])
