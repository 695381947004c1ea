from eventmail.content.checks import remarks


def test_C6_a_mail_from_80_KB_on_is_remarked(fields):
    assert [r.code for r in remarks("x", 80 * 1024 - 1, fields)] == []
    assert [(r.code, r.message) for r in remarks("x", 80 * 1024, fields)] == [
        ("LARGE", "The mail is 80 KB; mail services cut mails beyond 100 KB.")
    ]


def test_C6_pictures_and_links_that_say_nothing_are_remarked_in_reading_order(fields):
    body = "![](https://a.example/p.png) [](https://a.example) [x](/relative) [{guest.seat}]({event.url}) ![alt](https://a.example/p.png)"
    assert [r.code for r in remarks(body, 0, fields)] == [
        "IMAGE_WITHOUT_ALT",
        "LINK_WITHOUT_TEXT",
        "LINK_WITHOUT_ADDRESS",
    ]
