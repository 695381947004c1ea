"""Marks, links and headings that did not become what was meant. What may be meant as it stands is told by nobody."""

import pytest

from eventmail.content.checks import remarks


def told(body, fields):
    return [(remark.code, remark.message) for remark in remarks(body, 0, fields)]


def codes(body, fields):
    return [code for code, _ in told(body, fields)]


SLIPS = {
    "**Doors open at six": "**Doors open at six",
    "Please bring a **warm coat. Thank you": "**warm coat. Thank you",
    "**Preview **screen": "**Preview **screen",
    "** Doors open ** at six": "** Doors open ** at six",
    "At six ** doors open **": "** doors open **",
    "** Doors open**, all of them": "** Doors open**, all of them",
    "We ** really** need you": "** really** need you",
    "**Achtung:**los": "**Achtung:**los",
    "(**only with a ticket)": "**only with a ticket)",
    "> **Doors open": "**Doors open",
    "- one\n- **two": "**two",
    "# **Welcome": "**Welcome",
    "| a | b |\n|---|---|\n| **x | y |": "**x",
    "__Doors open": "__Doors open",
    "__Doors __ open": "__Doors __ open",
    "Bring a *warm coat * please": "*warm coat *",
    "Bring a _warm coat _ please": "_warm coat _",
    "**דלתות נפתחות": "**דלתות נפתחות",
    "**開場時間": "**開場時間",
    "**{guest.firstName}, doors open": "**{guest.firstName}, doors open",
    "[**programme](https://gala.org)": "**programme",
    "[x](https://gala.org/**a**) **b": "**b",
    "**Across\n\ntwo paragraphs**": "**Across",
    "`**` opens **bold": "**bold",
}


@pytest.mark.parametrize("body", SLIPS)
def test_C5_a_mark_that_guests_would_see_is_told_with_the_words_it_stands_at(fields, body):
    assert [code for code, _ in told(body, fields)] == ["STRAY_MARK"]
    assert f"“{SLIPS[body]}”" in told(body, fields)[0][1]


@pytest.mark.parametrize(
    "body",
    [
        # read as meant
        "**bold** and *italic* and __bold__ and _italic_", "**a**b**c**", "***both***", "**a *b* c**",
        # typed on purpose
        r"\*\*not bold", r"\__x", "&ast;&ast;x", "`**x`", "``` \n**x\n```", "    **x", "~~~\n__x\n~~~", "`a` **`b`**",
        # numbers and formulas
        "2*3", "2 * 3", "2**3", "2 **3", "2 ** 3 ** 4", "5 * 3 * 2", "10 * 4 = 40 *", "a*b*c", "2 * 3*",
        # hidden digits, ratings, swear words, decoration
        "Card ******1234", "Hotel ***", "a **** hotel", "f**k that", "s***", "*****", "** ", "**",
        "Music ** Dance ** Food",
        "* * *", "***", "Music * Dance * Food", "*Food *Drinks * Music",
        "~ ** ~", "**.", "(**)", "Marked with **: vegan", "What ** means",
        # footnotes: the star stands behind a word, the explanation follows on a line of its own
        "Dinner 30 €**\n\n**without drinks", "Dinner 30 €**\n**without drinks", "Dinner 30 €**",
        "Dinner 30 €**\n\nLunch\n\n**without drinks",
        "- Dinner 30 €**\n- Lunch\n\n** without drinks", "Free entry*\n\n*weather permitting", "18:00*",
        "| a |\n|---|\n| 30 €** |\n\n**without drinks",
        # stars and underscores inside words, files, addresses, forms to fill in
        "Gäst*innen und Besucher*innen", "*.pdf", "my_file_name", "my__file.pdf", "__init__.py", "@__anna__", "@__anna",
        "https://gala.org/_cat_/_/x_y", "https://gala.org/**/a", "[x](https://gala.org/**a_b)", "https://gala.org/x?__y=**",
        "kim_lee__x@gala.org", "Name: ____", "Name: __", "Table __ of __", "__:__", "_______ _______",
        "{guest.seat|**}", "{guest.seat|__x}", "**{guest.firstName}**", "[{guest.seat|[a](b c)}](https://gala.org)",
        # other scripts
        "**開場**時間", "תודה *רבה* לכם", "שלום ** עולם", "ご来場者様*",
        "A *small* star * here",
    ],
)  # fmt: skip
def test_C5_marks_that_are_read_as_meant_are_not_told(fields, body):
    assert codes(body, fields) == []


LINKS = {
    "[the plan](https://gala.org/my plan.pdf) here": "[the plan](https://gala.org/my plan.pdf)",
    "[the plan](Summer plan.pdf)": "[the plan](Summer plan.pdf)",
    "![a map](my map.png)": "![a map](my map.png)",
    "[the plan] (https://gala.org)": "[the plan] (https://gala.org)",
    "(the plan)[https://gala.org]": "(the plan)[https://gala.org]",
    "[the plan](https://gala.org": "[the plan](https://gala.org",
    "[{guest.firstName}’s page](https://gala.org/a b)": "[{guest.firstName}’s page](https://gala.org/a b)",
    "[**The plan**](https://gala.org/my plan)": "[The plan](https://gala.org/my plan)",
    "[write](mailto:kim@gala.org?subject=See you)": "[write](mailto:kim@gala.org?subject=See you)",
}


@pytest.mark.parametrize("body", LINKS)
def test_C8_a_link_that_is_read_as_it_was_typed_is_told(fields, body):
    assert [code for code, _ in told(body, fields)] == ["LINK_NOT_READ"]
    assert f"“{LINKS[body]}”" in told(body, fields)[0][1]


@pytest.mark.parametrize(
    "body",
    [
        "[the plan](https://gala.org/my%20plan.pdf)", "[the plan](<https://gala.org/my plan.pdf>)",
        '[the plan](https://gala.org "The plan of the day")', "[x](https://gala.org/?g={guest.firstName|a b})",
        "[optional](see below)", "[RSVP](by 18.30 Uhr)", "[1] (https://gala.org)", "see [1](below this)", "f(x)[0]",
        "call f(a)[i]", "`[x](https://gala.org/a b)`", r"\[x](https://gala.org/ab c)", r"[x\](https://gala.org)",
        "(see https://gala.org)", "[ ] bring a coat (or two)", "[x] done", "Kim [she/her] (host)", "[z. B.](Kim u. a.)",
    ],
)  # fmt: skip
def test_C8_brackets_that_were_no_link_are_not_told(fields, body):
    assert codes(body, fields) == []


@pytest.mark.parametrize(
    ("body", "fix"),
    [
        ("[a](https://gala.org/b c)", "an address has no blanks, write %20 for each"),
        ("[a] (https://gala.org)", "leave no blank between ] and ("),
        ("(a)[https://gala.org]", "the words stand in [ ], and behind them the address in ( )"),
        ("[a](https://gala.org", "it is written [words](https://…)"),
    ],
)
def test_C8_the_remark_says_how_the_link_is_mended(fields, body, fix):
    assert told(body, fields)[0][1].endswith(f"without a link: {fix}.")


HEADINGS = {
    "##Programme\nDoors open": "##Programme", "Hello\n###Food and drinks\nSoup": "###Food and drinks",
    "#Programme\n\nDoors open": "#Programme", "#Our programme\nDoors open": "#Our programme", "##食事": "##食事",
}  # fmt: skip


@pytest.mark.parametrize("body", HEADINGS)
def test_C5_a_heading_without_a_blank_is_told(fields, body):
    signs = "#" * HEADINGS[body].count("#")
    assert told(body, fields) == [
        (
            "HEADING_NOT_READ",
            f"“{HEADINGS[body]}” is no heading, and guests see the {signs}: put a blank behind {signs}.",
        )
    ]


@pytest.mark.parametrize(
    "body",
    [
        "# Programme\n\nx", "#gala2027\n\nx", "#FixtureGala\n\nx", "#Gala2027\n\nx", "See you there\n\n#Gala", "#Gala",
        "We are #Gala\n\nx", "#Gala #Party\n\nx", "#Gala\n#Party\n\nx", "#Gala is our tag.\n\nx",
        "#1 of all bands\n\nx",
        "#️⃣ tags\n\nx", "# \n", "\\#Programme\n\nx", r"\##Programme", "`##x`", "    ##x", "- #Food\n\nx", "> ##Food",
        "C# and F#\n\nx", "#######Seven", "#MeToo\n\nx", "#שלום\n\nx", "#標題\n\nx", "a ##b",
    ],
)  # fmt: skip
def test_C5_hashtags_and_other_signs_are_not_told_as_headings(fields, body):
    assert [code for code in codes(body, fields) if code != "HEADING_WITHOUT_TEXT"] == []


def test_C5_a_heading_that_skips_a_level_is_told_and_any_first_level_and_any_way_back_is_right(fields):
    why = "skips a level, which confuses guests who have it read aloud"
    assert told("# A\n\n### B **c**\n\n## D\n\n#### E", fields) == [
        ("HEADING_SKIPPED", f"The heading “B **c**” {why}: begin it with ## instead of ###."),
        ("HEADING_SKIPPED", f"The heading “E” {why}: begin it with ### instead of ####."),
    ]
    for body in ("### A\n\n### B", "# A\n\n# B\n\n## C\n\n### D\n\n# E", "A\n===\n\nB\n---\n\n### C", "# A\n\n> ### B"):
        assert codes(body, fields) == []


def test_a_heading_without_words_is_told_with_its_line(fields):
    assert told("x\n\n##\n\ny", fields) == [
        ("HEADING_WITHOUT_TEXT", "The heading “##” in line 3 has no words: add them or delete it.")
    ]


def test_C5_one_remark_tells_of_a_block_in_one_sentence_of_bounded_length_with_fields_as_they_were_typed(fields):
    found = told("**{guest.firstName|you} and **" + "x" * 200 + "\nmore **and more", fields)
    quoted = "**{guest.firstName|you} and **" + "x" * 49 + "…"
    fix = r"write **word**, without blanks inside the marks, or \* for a plain *."
    assert (len(quoted), found) == (80, [("STRAY_MARK", f"Guests see the ** in “{quoted}”: {fix}")])


def test_remarks_come_in_reading_order_and_alike_ones_once(fields):
    body = "# A\n\n[here](https://a.org) **b\n\n[here](https://a.org) **b\n\n### C\n\n[x] (https://a.org)"
    assert codes(body, fields) == ["VAGUE_LINK", "STRAY_MARK", "HEADING_SKIPPED", "LINK_NOT_READ"]
