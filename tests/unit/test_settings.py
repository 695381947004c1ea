"""The environment: nothing is needed, and what is wrong is named."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from eventmail import settings as settings_
from eventmail.settings import POLITE, Settings, SettingsError, is_this_box

ROOT = Path(__file__).parent.parent.parent
PATH = "has the path /mail, and eventmail needs an address of its own, such as https://mail.example.org"


def test_everything_has_a_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    made = settings_.load()
    assert made.model_dump() == {
        "instance": ROOT / "instance",
        "host": "127.0.0.1",
        "port": 8000,
        "base_url": "",
        "provider": "outbox",
        "smtp_url": SecretStr(""),
        "from_": "eventmail@localhost",
        "undo_seconds": 10,
        "edit_cutoff_minutes": 15,
        "quota_per_day": 0,
        "quota_per_month": 0,
        "rate_per_second": None,
        "proxies": 0,
        "webhook_secret_generic": SecretStr(""),
    }
    assert made.public_url == "http://127.0.0.1:8000"
    assert [made.database, made.queue, made.outbox] == [
        ROOT / "instance" / name for name in ("app.sqlite", "huey.sqlite", "outbox")
    ]


def test_each_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wanted = {
        "INSTANCE": str(tmp_path),
        "HOST": "0.0.0.0",
        "PORT": "9000",
        "BASE_URL": "https://mail.example.org/",
        "PROVIDER": "outbox",
        "FROM": "team@example.org",
    }
    for name, value in wanted.items():
        monkeypatch.setenv(f"EVENTMAIL_{name}", value)
    made = settings_.load()
    assert (made.instance, made.host, made.port, made.provider) == (tmp_path, "0.0.0.0", 9000, "outbox")
    assert made.from_ == "team@example.org"
    assert made.public_url == "https://mail.example.org"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTMAIL_PORT", "")
    monkeypatch.setenv("EVENTMAIL_FROM", "")
    assert (settings_.load().port, settings_.load().from_) == (8000, "eventmail@localhost")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EVENTMAIL_PORT", "0"),
        ("EVENTMAIL_PORT", "http"),
        ("EVENTMAIL_BASE_URL", "mail.example.org"),
        ("EVENTMAIL_BASE_URL", "ftp://mail.example.org"),
        ("EVENTMAIL_BASE_URL", "https://"),
        ("EVENTMAIL_BASE_URL", "https://mail.example.org/?a=1"),
        ("EVENTMAIL_PROVIDER", "pigeon"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        settings_.load()
    sentence = str(refused.value)
    assert sentence.startswith(f"Please correct the environment: {name}: ")
    assert "\n" not in sentence


def test_two_wrong_variables_are_both_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTMAIL_PORT", "none")
    monkeypatch.setenv("EVENTMAIL_PROVIDER", "none")
    with pytest.raises(SettingsError, match=r"EVENTMAIL_PORT: .*; EVENTMAIL_PROVIDER: "):
        settings_.load()


def test_settings_do_not_change_while_the_process_lives(tmp_path: Path) -> None:
    made = Settings(instance=tmp_path)
    with pytest.raises(ValidationError, match="frozen"):
        made.port = 1


def test_the_secret_is_made_on_first_use_and_kept(tmp_path: Path) -> None:
    first, second = Settings(instance=tmp_path), Settings(instance=tmp_path)
    assert first.secret == second.secret
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_S10_the_pace_is_polite_to_other_peoples_servers_unless_it_is_said(tmp_path: Path) -> None:
    unsaid, said, unlimited = (Settings(instance=tmp_path, rate_per_second=rate) for rate in (None, 50, 0))
    assert [unsaid.pace(outside=True), unsaid.pace(outside=False)] == [POLITE, 0]
    assert [said.pace(outside=True), said.pace(outside=False)] == [50, 50]
    assert unlimited.pace(outside=True) == 0


def test_S13_mail_that_stays_here_is_never_hindered_and_other_mail_needs_an_address_and_a_sender(
    tmp_path: Path,
) -> None:
    bare = Settings(instance=tmp_path)
    ready = Settings(instance=tmp_path, base_url="https://mail.example.org", EVENTMAIL_FROM="team@example.org")
    assert bare.hindrances(outside=False) == ready.hindrances(outside=True) == ()
    assert [sentence.split(". ")[1] for sentence in bare.hindrances(outside=True)] == [
        "Set EVENTMAIL_BASE_URL to the address of this instance.",
        "Set EVENTMAIL_FROM to one that can be answered.",
    ]


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0"])
def test_S13_these_hosts_are_this_box_alone(host: str) -> None:
    assert is_this_box(host) is True


@pytest.mark.parametrize("host", ["mail.example.org", "10.0.0.1", "localhost.example.org", "", "8.8.8.8"])
def test_S13_these_hosts_are_not(host: str) -> None:
    assert is_this_box(host) is False


@pytest.mark.parametrize(
    ("said", "address", "name"),
    [
        ("eventmail@localhost", "eventmail@localhost", ""),
        ("team@example.org", "team@example.org", ""),
        ("Gala Team <team@example.org>", "team@example.org", "Gala Team"),
        ('"Müller, Team" <team@example.org>', "team@example.org", "Müller, Team"),
        ("<team@example.org>", "team@example.org", ""),
        ("Müller, Söhne & Co. (Büro) <team@example.org>", "team@example.org", "Müller, Söhne & Co. (Büro)"),
        (r'"A <b@c.org> \"D\" \\E" <team@example.org>', "team@example.org", r'A <b@c.org> "D" \E'),
        ('"A" and "B" <team@example.org>', "team@example.org", '"A" and "B"'),
        ("Team 👩\u200d👧 <team@example.org>", "team@example.org", "Team 👩\u200d👧"),
        (f"{'x' * 100} <team@example.org>", "team@example.org", "x" * 100),
        ("Team <team@bücher.example>", "team@xn--bcher-kva.example", "Team"),
    ],
)
def test_the_sender_is_an_address_with_or_without_a_name(
    monkeypatch: pytest.MonkeyPatch, said: str, address: str, name: str
) -> None:
    monkeypatch.setenv("EVENTMAIL_FROM", said)
    made = settings_.load()
    assert (made.sender, made.sender_name) == (address, name)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("FROM", f"{'x' * 101} <a@x.org>", "has a name of 101 characters; it may have 100"),
        *(
            ("FROM", said, "must be an email address, such as team@example.org or Team <team@example.org>")
            for said in (
                "team", "team@", "@example.org", "a@b@example.org", "a@x.org, b@x.org", "Team <team>", "a b@x.org",
                "team@example..org", "team@example.org\nBcc: b@x.org", "Te\nam <team@example.org>", ".a@x.org",
                f"{'x' * 65}@example.org",
            )
        ),
        ("BASE_URL", "https://example.org/mail", PATH),
        ("BASE_URL", "https://example.org:99999", "must be an address such as https://mail.example.org"),
        ("BASE_URL", "https://exa mple.org", "must be an address such as https://mail.example.org"),
        ("BASE_URL", "https://example.org:0", "must be an address such as https://mail.example.org"),
        ("BASE_URL", "https://example.org#", "must be an address such as https://mail.example.org"),
        ("BASE_URL", "https://example.org?", "must be an address such as https://mail.example.org"),
        ("BASE_URL", "https://me:secret@example.org", "must not hold a name or a password: it stands in every mail"),
        ("PORT", "65536", "must be a whole number from 1 to 65535"),
        ("PORT", "80.5", "must be a whole number from 1 to 65535"),
        ("UNDO_SECONDS", "-1", "must be a whole number from 0 to 600"),
        ("UNDO_SECONDS", "601", "must be a whole number from 0 to 600"),
        ("PROXIES", "11", "must be a whole number from 0 to 10"),
        ("QUOTA_PER_DAY", "-1", "must be a whole number from 0 to 1000000000"),
        ("QUOTA_PER_MONTH", "many", "must be a whole number from 0 to 1000000000"),
        ("RATE_PER_SECOND", "-0.1", "must be a number from 0 to 10000"),
        ("RATE_PER_SECOND", "nan", "must be a number from 0 to 10000"),
        ("RATE_PER_SECOND", "inf", "must be a number from 0 to 10000"),
        ("PROVIDER", "pigeon", "must be outbox or smtp"),
        *(
            ("WEBHOOK_SECRET_GENERIC", secret, "is no secret: after whsec_ stands base64, as the mail service shows it")
            for secret in ("whsec_", "whsec_no base64!", " ")
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name_with_what_it_may_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(f"EVENTMAIL_{name}", value)
    with pytest.raises(SettingsError) as refused:
        settings_.load()
    assert str(refused.value) == f"Please correct the environment: EVENTMAIL_{name}: {sentence}."


def test_an_unknown_name_is_remarked_upon_with_the_nearest_real_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert settings_.remarks() == []
    file = tmp_path / "settings"
    file.write_text("PORT=9000\n")
    for name, value in {"BASEURL": "x", "SMTP_URL_FILES": "x", "XYZZY": "x", "CONFIG": str(file)}.items():
        monkeypatch.setenv(f"EVENTMAIL_{name}", value)
    none = "is no setting of eventmail, so nothing reads it."
    assert settings_.remarks() == [
        f"EVENTMAIL_BASEURL {none} Did you mean EVENTMAIL_BASE_URL?",
        f"EVENTMAIL_SMTP_URL_FILES {none} Did you mean EVENTMAIL_SMTP_URL_FILE?",
        f"EVENTMAIL_XYZZY {none}",
        f"PORT in {file} {none} Did you mean EVENTMAIL_PORT?",
    ]
    assert settings_.load().port == 8000


def test_a_settings_file_says_what_the_environment_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file, secret = tmp_path / "settings", tmp_path / "smtp"
    secret.write_text("smtp://user:pass@mail.example.org\n")
    file.write_text(
        "# ours\nEVENTMAIL_PORT=9000\nexport EVENTMAIL_UNDO_SECONDS=3\n\n"
        f"EVENTMAIL_FROM='${{x}} $y <a@example.org>'\nEVENTMAIL_SMTP_URL_FILE={secret}\n"
    )
    monkeypatch.setenv("EVENTMAIL_CONFIG", str(file))
    monkeypatch.setenv("EVENTMAIL_PORT", "9001")
    made = settings_.load()
    assert (made.port, made.undo_seconds, made.sender_name) == (9001, 3, "${x} $y")
    assert made.smtp_url.get_secret_value() == "smtp://user:pass@mail.example.org"
    monkeypatch.setenv("EVENTMAIL_SMTP_URL", "smtp://elsewhere.example.org")
    assert settings_.load().smtp_url.get_secret_value() == "smtp://elsewhere.example.org"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVENTMAIL_CONFIG", "settings")
    assert settings_.for_children() == {"EVENTMAIL_CONFIG": str(file)}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"CONFIG": "gone"}, "Please correct EVENTMAIL_CONFIG: gone cannot be read (No such file or directory)."),
        ({"CONFIG": "bad"}, "Please correct bad: line 2 is not NAME=value."),
        ({"CONFIG": "wrong"},
         "Please correct the environment: EVENTMAIL_PORT: must be a whole number from 1 to 65535."),
        ({"SMTP_URL_FILE": "gone"},
         "Please correct EVENTMAIL_SMTP_URL_FILE: gone cannot be read (No such file or directory)."),
        ({"SMTP_URL_FILE": "bad", "SMTP_URL": "smtp://x"},
         "Please set one of EVENTMAIL_SMTP_URL and EVENTMAIL_SMTP_URL_FILE, not both."),
    ],
)  # fmt: skip
def test_what_files_say_is_checked_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: dict[str, str], sentence: str
) -> None:
    (tmp_path / "bad").write_text("EVENTMAIL_PORT=9000\nEVENTMAIL_HOST\n")
    (tmp_path / "wrong").write_text("EVENTMAIL_PORT=0\n")
    monkeypatch.chdir(tmp_path)
    for name, value in given.items():
        monkeypatch.setenv(f"EVENTMAIL_{name}", value)
    with pytest.raises(SettingsError) as refused:
        settings_.load()
    assert str(refused.value) == sentence
