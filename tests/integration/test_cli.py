"""The command line as a person or a program meets it: the real console script, its answers, its exit codes."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from eventmail import __version__, cli, clock, logs, tasks
from eventmail.cli import common
from eventmail.db import db
from eventmail.domain.people import api_tokens, sign_in_links
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.budgets import in_soak
from tests.support.seeding import Person
from tests.support.web import Client, csrf_token_in

SCRIPT = Path(sys.executable).parent / "eventmail"
Answer = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module", autouse=True)
def _lasting_log() -> None:
    logs.set_up()  # before stderr is captured for one test: the log keeps the stream it begins with


@pytest.fixture
def instance(settings: Settings, template_database: Path) -> Path:
    """The folder of an instance with a migrated database: that of `app`, when a test asks for both."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    if not settings.database.exists():
        shutil.copyfile(template_database, settings.database)
    return settings.instance


@pytest.fixture
def script(instance: Path) -> Callable[..., Answer]:
    """script(*arguments, **environment): the real console script, to its end."""

    def run(*arguments: str, **environment: str) -> Answer:
        return subprocess.run(
            [SCRIPT, *arguments],
            env={"PATH": os.environ["PATH"], "EVENTMAIL_INSTANCE": str(instance), **environment},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def eventmail(
    instance: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """eventmail(*arguments, stdin="", **environment): what the script calls, in this process."""

    def run(*arguments: str, stdin: str = "", **environment: str) -> Answer:
        with monkeypatch.context() as patch:
            for name, given in {"EVENTMAIL_INSTANCE": str(instance), **environment}.items():
                patch.setenv(name, given)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            capfd.readouterr()
            with pytest.raises(SystemExit) as ended:
                cli.main(arguments)
        said = capfd.readouterr()
        return Answer(arguments, int(ended.value.code or 0), said.out, said.err)

    return run


def value(answer: Answer) -> Any:
    """The one JSON value on the one line."""
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("\n") == 1
    assert answer.stdout.endswith("\n")
    return json.loads(answer.stdout)


def refused(answer: Answer, code: int = 1) -> str:
    """The one sentence of a command that was refused."""
    assert (answer.returncode, answer.stdout) == (code, "")
    sentence = answer.stderr.strip()
    assert "Traceback" not in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def opened(app: Flask, url: str) -> Any:
    """What a person sees who opens the link and, where it has one, presses its button."""
    browser, path = app.test_client(), url.removeprefix("http://127.0.0.1:8000")
    page = browser.get(path, headers={"Accept": "text/html"})
    if "sign-in-link-form" not in page.text:
        return page
    return browser.post(path, data={"csrf_token": csrf_token_in(page)}, follow_redirects=True)


def test_help_names_every_command(script: Callable[..., Answer]) -> None:
    answer = script("--help")
    assert answer.returncode == 0
    for command in ("run", "web", "worker", "demo", "signin", "token", "guests", "outbox", "tick", "doctor"):
        assert f"\n  {command} " in answer.stdout


def test_a_command_shows_no_pages_and_loads_none(instance: Path) -> None:
    with common.opened(Settings(instance=instance)) as app:
        assert app.blueprints == {}


def test_version_is_one_line(script: Callable[..., Answer]) -> None:
    assert script("--version").stdout == f"eventmail {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo", "--guests", "many"),
        *in_soak((("bogus",),), (("signin",),), (("demo", "--guests=-1"),), (("doctor", "--jsn"),)),
    ],
)
def test_asking_wrongly_ends_with_2_and_one_sentence(script: Callable[..., Answer], arguments: tuple[str, ...]) -> None:
    assert "--help" in refused(script(*arguments), code=2)


def test_a_wrong_setting_is_named(script: Callable[..., Answer]) -> None:
    assert "EVENTMAIL_PORT" in refused(script("tick", EVENTMAIL_PORT="many"), code=2)


def test_a_broken_database_is_one_sentence(script: Callable[..., Answer], settings: Settings) -> None:
    settings.database.write_bytes(b"not a database" * 100)
    assert "eventmail doctor" in refused(script("tick"))


def test_a_database_of_a_newer_version_is_one_sentence(app: Flask, eventmail: Callable[..., Answer]) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert "newer eventmail" in refused(eventmail("tick"))


# demo


def test_demo_answers_with_what_a_program_needs(script: Callable[..., Answer], app: Flask) -> None:
    first = value(script("demo", "--json"))
    assert sorted(first) == ["email", "event", "password", "token", "url"]
    assert all(isinstance(part, str) for part in first.values())
    guests = app.test_client().get(
        f"/admin/events/{first['event']}/guests",
        headers={"Authorization": f"Bearer {first['token']}", "Accept": "application/json"},
    )
    assert json.loads(guests.text)["total"] == 43
    assert "Fixture Gala" in opened(app, first["url"]).text


def test_demo_can_be_repeated_for_more_guests(eventmail: Callable[..., Answer]) -> None:
    first, again = (value(eventmail("demo", "--guests", "10", "--json")) for _ in range(2))
    assert first["event"] == again["event"]
    assert first["token"] != again["token"]


def test_demo_leaves_the_outbox_empty(eventmail: Callable[..., Answer]) -> None:
    eventmail("demo")
    assert value(eventmail("outbox", "--json")) == []


def test_demo_without_json_is_for_people(eventmail: Callable[..., Answer]) -> None:
    answer = eventmail("demo", "--guests", "2")
    assert "45 guests are new" in answer.stdout
    assert answer.stdout.count("/sign-in/") == 1


# signin, token


def test_signin_prints_a_link_that_works_once(
    script: Callable[..., Answer], app: Flask, organizer: Person, event_id: int
) -> None:
    url = script("signin", organizer.email).stdout.strip()
    assert "Fixture Gala" in opened(app, url).text
    assert opened(app, url).status_code == 403


def test_signin_uses_the_public_address(eventmail: Callable[..., Answer], organizer: Person) -> None:
    answer = eventmail("signin", organizer.email, EVENTMAIL_BASE_URL="https://mail.example.org/")
    assert answer.stdout.startswith("https://mail.example.org/sign-in/")


def test_signin_of_a_stranger_makes_the_owner_while_there_is_none(
    eventmail: Callable[..., Answer], app: Flask, organizer: Person
) -> None:
    answer = eventmail("signin", "new@organizers.example")
    assert answer.returncode == 0
    with app.app_context():
        token = answer.stdout.strip().rpartition("/")[2]
        assert sign_in_links.is_first(token, seeding.acting())
    assert "owner" in answer.stderr


def test_signin_of_a_stranger_is_refused_once_there_is_an_owner(
    eventmail: Callable[..., Answer], owner: Person
) -> None:
    assert "new@organizers.example" in refused(eventmail("signin", "new@organizers.example"))


def test_token_add_prints_a_token_that_works(eventmail: Callable[..., Answer], app: Flask, organizer: Person) -> None:
    token = eventmail("token", "add", organizer.email, "--name", "backups").stdout.strip()
    with app.app_context():
        bearer = api_tokens.find(token, clock.now())
    assert bearer
    assert bearer.user.id == organizer.id


def test_token_add_makes_one_that_ends_and_one_that_only_reads(
    eventmail: Callable[..., Answer], app: Flask, organizer: Person
) -> None:
    token = eventmail("token", "add", organizer.email, "--days", "30", "--read-only").stdout.strip()
    with app.app_context():
        bearer = api_tokens.find(token, clock.now())
        assert bearer
        assert bearer.read_only
        assert api_tokens.find(token, clock.now() + timedelta(days=31)) is None


def test_token_add_without_an_address_is_for_whom_run_signs_in(
    eventmail: Callable[..., Answer], app: Flask, owner: Person
) -> None:
    made = value(eventmail("token", "add", "--name", "probe", "--json"))
    assert (made["email"], made["name"], sorted(made)) == (owner.email, "probe", ["email", "name", "token"])
    with app.app_context():
        bearer = api_tokens.find(made["token"], clock.now())
    assert bearer
    assert bearer.user.id == owner.id


def test_token_add_while_nobody_is_here_says_what_to_do(eventmail: Callable[..., Answer]) -> None:
    assert "open the link it prints" in refused(eventmail("token", "add"))


def test_token_add_for_a_stranger_is_refused(eventmail: Callable[..., Answer], owner: Person) -> None:
    assert "stranger@example.com" in refused(eventmail("token", "add", "stranger@example.com"))


# guests import

LIST = "email,first_name\nada@guests.example,Ada\nnonsense,Bob\n"


@pytest.fixture
def csv_file(tmp_path: Path) -> str:
    (tmp_path / "list.csv").write_text(LIST)
    return str(tmp_path / "list.csv")


def test_guests_import_says_what_landed_and_what_did_not(
    eventmail: Callable[..., Answer], event_id: int, csv_file: str
) -> None:
    report = value(eventmail("guests", "import", str(event_id), csv_file, "--json"))
    assert (report["created"], report["updated"], report["unchanged"]) == (1, 0, 0)
    assert [(bad["line"], sorted(bad)) for bad in report["rejected"]] == [(3, ["code", "line", "message"])]


def test_a_dry_run_of_guests_import_changes_nothing(
    eventmail: Callable[..., Answer], event_id: int, csv_file: str
) -> None:
    for _ in range(2):
        answer = eventmail("guests", "import", str(event_id), csv_file, "--dry-run")
        assert answer.stdout.startswith("Would be: 1 created")


def test_guests_import_reads_standard_input(eventmail: Callable[..., Answer], event_id: int) -> None:
    assert value(eventmail("guests", "import", str(event_id), "-", "--json", stdin=LIST))["created"] == 1


@pytest.mark.parametrize("event", ["77", "gala", "0", "99999999999999999999"])
def test_guests_import_into_no_event_is_refused(
    eventmail: Callable[..., Answer], event_id: int, csv_file: str, event: str
) -> None:
    assert event in refused(eventmail("guests", "import", event, csv_file))


def test_guests_import_of_no_file_is_refused(eventmail: Callable[..., Answer], event_id: int) -> None:
    assert "nowhere.csv" in refused(eventmail("guests", "import", str(event_id), "nowhere.csv"), code=2)


def test_guests_import_of_an_empty_file_is_refused(eventmail: Callable[..., Answer], event_id: int) -> None:
    refused(eventmail("guests", "import", str(event_id), "-"))


# outbox, tick


@pytest.fixture
def mailing_id(event_id: int, add_guest: Callable[..., int], api: Client) -> str:
    """A mailing to two guests, not yet handed over."""
    for email in ("ada@example.com", "grace@example.com"):
        add_guest(email)
    message = {"kind": "one_time", "subject": "Come", "body": "Hi", "audience": {"statuses": ["confirmed"]}}
    answer = api.post(f"/admin/events/{event_id}/mailings", json=message, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 202, answer.text
    found: str = json.loads(answer.text)["id"]
    return found


@pytest.fixture
def work(app: Flask) -> Callable[[], None]:
    """work(): what the worker would do, to the end."""

    def drained() -> None:
        app.extensions["huey"].immediate = True
        with app.app_context():
            tasks.tick(app)

    return drained


def test_outbox_lists_the_mails_oldest_first(
    eventmail: Callable[..., Answer], app: Flask, settings: Settings, mailing_id: str, work: Callable[[], None]
) -> None:
    work()
    listed = value(eventmail("outbox", "--json"))
    assert [mail["to"] for mail in listed] == ["ada@example.com", "grace@example.com"]
    assert {mail["mailing"] for mail in listed} == {mailing_id}
    assert {mail["subject"] for mail in listed} == {"Come"}
    assert all((settings.instance / mail["path"]).is_file() for mail in listed)
    assert eventmail("outbox").stdout.count("\n") == 2, "for people, a line each"


def test_tick_tells_the_worker_of_what_nobody_rang_for(
    eventmail: Callable[..., Answer], app: Flask, mailing_id: str
) -> None:
    app.extensions["huey"].flush()
    assert "1 job is" in eventmail("tick").stdout
    assert len(app.extensions["huey"]) == 1
