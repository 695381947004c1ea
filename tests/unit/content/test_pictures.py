"""Whose pictures a mail shows."""

import pytest

from eventmail.content.pictures import Foreign, foreign, origin

OWN = "https://mail.organizers.org"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Mail.Organizers.org/x.png", "https://mail.organizers.org"),
        ("HTTPS://mail.organizers.org:443/x", "https://mail.organizers.org"),
        ("http://mail.organizers.org:80", "http://mail.organizers.org"),
        ("https://mail.organizers.org:8443/x", "https://mail.organizers.org:8443"),
        ("https://mail.organizers.org@evil.org/x", "https://evil.org"),
        ("https://b\u00fccher.org/x", "https://xn--bcher-kva.org"),
        ("http://[::1]:8000/x", "http://[::1]:8000"),
        ("https://a:x/", ""),
        ("https://[x/", ""),
        ("mailto:ada@guests.org", ""),
        ("//cdn.org/x", ""),
        ("x.png", ""),
        ("", ""),
    ],
)
def test_an_origin_is_scheme_host_and_port_as_browsers_compare_them(url: str, expected: str) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("", Foreign()),
        ("<p>&lt;img src=https://cdn.org/&gt;</p><!-- <img src='https://cdn.org'> -->", Foreign()),
        (f'<img src="{OWN}/a.png" alt="">', Foreign()),
        ('<img alt="no address">', Foreign()),
        ('<img alt="a > b" src="https://cdn.org/a?b=1&amp;c=2">', Foreign(("cdn.org",))),
        ('<img src="http://mail.organizers.org/a">', Foreign(("mail.organizers.org",), is_plain=True)),
        (f'<img src="{OWN}:8443/a">', Foreign(("mail.organizers.org:8443",))),
        (f'<img src="{OWN}.evil.org/a">', Foreign(("mail.organizers.org.evil.org",))),
        (
            '<img src="https://b.org/1"><img src="https://a.org/"><IMG SRC="http://b.org/2">',
            Foreign(("b.org", "a.org"), is_plain=True),
        ),
    ],
)
def test_a_picture_is_foreign_unless_it_has_our_own_origin(html: str, expected: Foreign) -> None:
    assert foreign(html, OWN) == expected


def test_a_mark_stands_for_the_hosts_in_whatever_order() -> None:
    marks = [Foreign(hosts).digest for hosts in (("a.org", "b.org"), ("b.org", "a.org"), ("a.org",))]
    assert [mark == marks[0] for mark in marks] == [True, True, False]
    assert len(marks[0]) == 8
