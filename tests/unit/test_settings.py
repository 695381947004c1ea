"""The environment: nothing is needed, and what is wrong is named."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from eventmail import settings as settings_
from eventmail.settings import POLITE, Settings, SettingsError, is_this_box

ROOT = Path(__file__).parent.parent.parent


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
