"""EVENTMAIL_SMTP_URL: what it may say, and the one sentence when it can't be read."""

import pytest

from eventmail.providers.smtp.service import Server, Smtp, parse


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", Server("mail.example.org", 587)),
        ("smtps://mail.example.org/", Server("mail.example.org", 465, tls=True)),
        ("smtp://Mail.Example.org:25", Server("mail.example.org", 25)),
        ("smtp://localhost:1025", Server("localhost", 1025)),
        ("smtp://[::1]:2525", Server("::1", 2525)),
        ("smtp://bücher.example", Server("xn--bcher-kva.example", 587)),
        ("smtp://team%40example.org:a%2Fb%3Ac%23%C3%BC@mail.example.org",
         Server("mail.example.org", 587, user="team@example.org", password="a/b:c#ü")),
    ],
)  # fmt: skip
def test_a_url_names_a_server(url, server):
    assert parse(url) == server


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "must begin with smtp:// or smtps://"),
        ("mail.example.org", "must begin with smtp:// or smtps://"),
        ("https://mail.example.org", "must begin with smtp:// or smtps://"),
        ("smtp://", "must name a mail server"),
        ("smtp://:587", "must name a mail server"),
        ("smtp://mail.example.org:0", "must name a mail server"),
        ("smtp://mail.example.org:65536", "must name a mail server"),
        ("smtp://mail.example.org:smtp", "must name a mail server"),
        ("smtp://mail example.org", "must name a mail server"),
        ("smtp://-.example.org", "must name a mail server"),
        ("smtp://[::1", "must name a mail server"),
        ("smtp://team:a/secret@mail.example.org", "write / [?] # @ : in a password as %2F %3F %23 %40 %3A"),
        ("smtp://team:a?secret@mail.example.org:25", "write / [?] # @ : in a password as %2F %3F %23 %40 %3A"),
        ("smtps://team:1#secret@mail.example.org", "write / [?] # @ : in a password as %2F %3F %23 %40 %3A"),
        ("smtp://te/am:secret@mail.example.org", "write / [?] # @ : in a password as %2F %3F %23 %40 %3A"),
        ("smtp://team:secret@mail.example.org/path", "must end after the host and port"),
        ("smtp://team:secret@mail.example.org?tls=no", "must end after the host and port"),
        ("smtp://team@mail.example.org", "must hold both a user and a password"),
        ("smtp://:secret@mail.example.org", "must hold both a user and a password"),
        ("smtp://team:%00secret@mail.example.org", "must hold credentials without control characters"),
        ("smtp://team:secret%0d%0aQUIT@mail.example.org", "must hold credentials without control characters"),
        ("smtp://team:%ffsecret@mail.example.org", "must hold credentials whose percent codes are UTF-8"),
    ],
)
def test_a_bad_url_is_one_sentence_without_the_credentials(url, sentence):
    with pytest.raises(ValueError, match=sentence) as refused:
        parse(url)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_password_is_not_shown():
    assert "s3cret" not in repr(parse("smtp://team:s3cret@mail.example.org"))


@pytest.mark.parametrize(
    ("host", "outside"),
    [("localhost", False), ("127.0.0.1", False), ("[::1]", False), ("192.0.2.1", True), ("mail.example.org", True)],
)
def test_S13_mail_to_another_box_leaves_this_one(host, outside):
    provider = Smtp(parse(f"smtp://{host}"))
    assert provider.outside is outside
    assert (provider.name, provider.honours_keys) == ("smtp", False)
