"""Erasing a guest, and handing over what is known: nothing of them is left anywhere, and their wish still holds."""

import json
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from email import message_from_bytes, policy
from pathlib import Path
from sqlite3 import connect
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select, text

from eventmail import clock, erased, records
from eventmail.db import db, fresh, transaction
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience import snapshots
from eventmail.domain.erasure import address, guest
from eventmail.domain.guests import bulk_change, edit
from eventmail.domain.imports import run, uploads
from eventmail.domain.mailings import control, drafts, send, test_sends
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.drafts import Written
from eventmail.domain.mailings.send import Message
from eventmail.domain.suppressions import entries as suppression_entries
from eventmail.domain.suppressions import unsubscribe
from eventmail.domain.terms import SendingTerms
from eventmail.errors import InvalidInput, MailUnderWay, NothingToDo, RoleTooLow
from eventmail.models import AuditEntry, EmailEvent, Erasure, Guest, Mailing, Recipient, Suppression
from eventmail.providers import registry
from eventmail.providers.webhook import Kind, ServiceReport
from eventmail.sending import drain, erased_mails, feedback
from eventmail.settings import Settings
from eventmail.states import ChangeKind, RecipientState, SuppressionReason
from tests.support import seeding
from tests.support.seeding import Person
from tests.support.web import Client

PLACE = SendingTerms("http://127.0.0.1:8000", b"0" * 32, outside=False)
EMAIL = "Zebedee.Quokka+hardbounce@Guests.Example.net"
FIRST, LAST = "<b>Zebedee</b> \u05d6\u05d1\u05d3\u05d9", "Qu\u00f6kka" * 42
DIET = "Lentils & <i>Quinoa\u200fsalad</i>"
TRACES = ("zebedee", "quokka", "qu\u00f6kka", "lentils", "quinoa", "\u05d6\u05d1\u05d3\u05d9", "wombatry")
AUDIENCE = {"statuses": ["confirmed"]}


def traces(settings: Settings) -> list[str]:
    """Where anything of the guest stands: every column of every table, and every byte of every file."""
    found = []
    with closing(connect(f"file:{settings.database}?mode=ro", uri=True)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f'SELECT * FROM "{table}"').fetchall():
                values = [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in row]
                found += [f"{table}: {value}" for value in values if isinstance(value, str) and _has(value)]
    for file in sorted(path for path in settings.instance.rglob("*") if path.is_file()):
        data = file.read_bytes()
        if any(form in data.lower() for word in TRACES for form in _forms(word)):
            found.append(str(file))
    return found


def mail_texts(settings: Settings) -> Iterator[str]:
    """What stands in the mails that are kept, decoded."""
    for path in sorted(settings.outbox.glob("*.eml")):
        for part in message_from_bytes(path.read_bytes(), policy=policy.default).walk():
            if part.get_content_maintype() == "text":
                yield part.get_content()


def _has(value: str) -> bool:
    with suppress(ValueError):
        value += json.dumps(json.loads(value), ensure_ascii=False)
    return any(word in unicodedata.normalize("NFC", value).lower() for word in TRACES)


def _forms(word: str) -> list[bytes]:
    return [word.encode(), word.encode("utf-16-le"), json.dumps(word)[1:-1].encode()]


@pytest.fixture
def by(owner: Person) -> Any:
    return seeding.acting(owner)


@pytest.fixture
def guest_id(event_id: int, add_guest: Callable[..., int], add_guests: Callable[..., list[int]]) -> int:
    add_guests(3)
    return add_guest(
        EMAIL, first_name=FIRST, last_name=LAST, tags=("wombatry",), attributes={"diet": DIET}, status="confirmed"
    )


def full_life(app: Flask, settings: Settings, event_id: int, guest_id: int, by: Any) -> None:
    """The guest everywhere an event can put one."""
    with app.app_context():
        provider = registry.opened(settings)
        edit.edit(event_id, guest_id, {"first_name": FIRST + " II", "attributes": {"diet": DIET + "!"}}, by)
        for n in range(2):
            picked = {**AUDIENCE, "guests": [str(guest_id)]}
            sent = send.send(event_id, Message(Text(f"Come {n}", "", "Hi {guest.firstName}"), picked), key=f"k{n}",
                                 terms=PLACE, by=by)  # fmt: skip
            drain.drain(sent.job_id or 0, provider, settings)
        edit.edit(event_id, guest_id, {"email": EMAIL.replace("hardbounce", "lost")}, by)
        sent = send.send(event_id, Message(Text("Lost", "", "Hi"), {"guests": [str(guest_id)]}), key="k2",
                             terms=PLACE, by=by)  # fmt: skip
        drain.drain(sent.job_id or 0, provider, settings)
        send.send(event_id, Message(Text("Waits", "", "Hi"), {"guests": [str(guest_id)]}), key="k3", terms=PLACE,
                      by=by)  # fmt: skip
        wanted = test_sends.Wanted(Text("Test", "", "{guest.lastName}"), guest=str(guest_id))
        test = test_sends.send(event_id, wanted, key="read-as-them-1", terms=PLACE, by=by)
        [job] = fresh().scalars(text("SELECT max(id) FROM job")).all()
        drain.drain(job, provider, settings)
        assert test.mailing_id
        email = EMAIL.replace("hardbounce", "lost")
        full = ServiceReport(f"r-{email}", Kind.SOFT_BOUNCE, "", email, "4.2.2", f"{email} is full")
        feedback.take("generic", [full], clock.now())
        entry, _ = suppression_entries.add(event_id, email, everywhere=False, by=by)
        user = fresh().get_one(seeding.User, by.user_id)
        suppression_entries.lift(event_id, entry.id, f"{LAST} rang us", user, by)
        bulk_change.change(event_id, bulk_change.Ticked((guest_id,)), ChangeKind.REMOVE_TAG, "wombatry", by)
        snapshots.freeze(audiences.checked(event_id, {"guests": [str(guest_id)]}, outside=False), by)
        uploads.keep(settings.imports, event_id, "list.csv", f"email,name\n{email},{LAST}\n".encode(), clock.now())
        drafts.create(event_id, Written(Text("Later", "", ""), {"guests": [str(guest_id)]}), key="d", by=by)
        db.session.remove()


def test_nothing_of_an_erased_guest_is_left_in_any_table_or_file(
    app: Flask, settings: Settings, event_id: int, guest_id: int, by: Any, api_for: Any, owner: Person
) -> None:
    full_life(app, settings, event_id, guest_id, by)
    before, boss = traces(settings), api_for(owner)
    with app.app_context():
        counts = [mailing.counts for mailing in fresh().query(Mailing)]
        entries = fresh().query(AuditEntry).count()
        db.session.remove()
    answer = boss.post(
        f"/admin/events/{event_id}/guests/{guest_id}/erasure", json={"confirm": EMAIL.replace("hardbounce", "LOST")}
    )
    assert (answer.status_code, answer.json) == (200, {"cancelled": 1, "finished": True})
    assert len(before) > 20
    assert traces(settings) == []
    with app.app_context():
        after = [mailing.counts for mailing in fresh().query(Mailing)]
        assert [sum(each.values()) for each in after] == [sum(each.values()) for each in counts]
        assert sum(each[RecipientState.CANCELLED] for each in after) == 1
        said = fresh().query(AuditEntry).filter_by(action="guest.erased").one()
        assert (said.actor, said.detail["cancelled"], fresh().query(AuditEntry).count()) == (owner.name, 1, entries + 1)
        assert {row.email for row in fresh().query(Recipient).filter(Recipient.address.startswith("erased:"))} == {
            "erased"
        }
        with pytest.raises(Exception, match="the log is written once"), transaction() as tx:
            tx.execute(text("UPDATE audit_entry SET actor = 'x'"))


def test_nothing_is_left_of_a_guest_who_was_removed_before_their_address_was_erased(
    app: Flask, settings: Settings, event_id: int, guest_id: int, by: Any, client_for: Any, owner: Person
) -> None:
    full_life(app, settings, event_id, guest_id, by)
    boss, typed = client_for(owner), EMAIL.replace("hardbounce", "LOST")
    with app.app_context():
        edit.delete(event_id, guest_id, by)
        with transaction() as tx:
            records.audit(tx, by, "event.edited", f"event:{event_id}", note=f"asked by {FIRST} II {LAST} today")
        counts = [mailing.counts for mailing in fresh().query(Mailing)]
        entries = fresh().query(AuditEntry).count()
        db.session.remove()
    assert len(traces(settings)) > 20
    assert LAST in "".join(mail_texts(settings))
    assert "Erase this address" in boss.get(f"/admin/events/{event_id}/why?address={quote(typed)}").text
    answer = boss.submit("/admin/erasure", {"address": f" {typed}"})
    assert (answer.status_code, answer.location) == (303, "/admin/people")
    assert "The address was erased." in boss.get("/admin/people").text
    assert traces(settings) == []
    assert LAST not in "".join(mail_texts(settings))
    with app.app_context():
        assert [mailing.counts for mailing in fresh().query(Mailing)] == counts
        assert fresh().query(AuditEntry).count() == entries + 1
        assert [each.action for each in fresh().query(AuditEntry).order_by(AuditEntry.id)][-1] == "address.erased"


def test_only_owners_erase_an_address(
    app: Flask, event_id: int, client: Client, api: Client, organizer: Person, add_guest: Any
) -> None:
    guest_id = add_guest("ada@guests.example")
    with app.app_context():
        edit.delete(event_id, guest_id, seeding.acting(organizer))
    assert client.get("/admin/erasure").status_code == 403
    assert client.submit("/admin/erasure", {"address": "ada@guests.example"}).status_code == 403
    assert api.post("/admin/erasure", json={"address": "ada@guests.example"}).status_code == 403
    with app.app_context(), pytest.raises(RoleTooLow):
        address.erase("ada@guests.example", seeding.acting(organizer))


@pytest.mark.parametrize("everywhere", [False, True], ids=["the event", "all events"])
@pytest.mark.parametrize("again", ["LEFT@m\u00fcnchen.example.net", "left@mu\u0308nchen.example.net"])
def test_F1_whoever_left_and_was_erased_is_not_mailed_after_another_import(
    *, app: Flask, settings: Settings, event_id: int, add_guest: Any, by: Any, everywhere: bool, again: str
) -> None:
    guest_id = add_guest("left@m\u00fcnchen.example.net")
    with app.app_context():
        suppression_entries.add(event_id, "left@m\u00fcnchen.example.net", everywhere=everywhere, by=by)
        guest.erase(event_id, guest_id, "left@m\u00fcnchen.example.net", by)
        [entry] = fresh().scalars(select(Suppression)).all()
        assert erased.is_pseudonym(entry.address)
        run.run(event_id, f"email,status\n{again},confirmed\nstay@x.example.net,confirmed\n".encode(), by)
        sent = send.send(event_id, Message(Text("Hello", "", "Hi"), AUDIENCE), key="k", terms=PLACE, by=by)
        drain.drain(sent.job_id or 0, registry.opened(settings), settings)
        assert [(row.email, row.state) for row in fresh().scalars(select(Recipient))] == [
            ("stay@x.example.net", "sent")
        ]
        [mailing] = fresh().scalars(select(Mailing)).all()
        assert sum(mailing.excluded.values()) == 1


@pytest.mark.parametrize("way", ["added", "edited", "typed", "imported", "tested"])
def test_F1_every_way_back_finds_the_wish(
    *, app: Flask, event_id: int, add_guest: Any, by: Any, way: str, owner: Person
) -> None:
    guest_id, other = add_guest("left@x.example.net"), add_guest("other@x.example.net")
    with app.app_context():
        with transaction() as tx:
            unsubscribe.stand(tx, "left@x.example.net", "all", SuppressionReason.COMPLAINT, source="s", now=by.now)
        guest.erase(event_id, guest_id, "left@x.example.net", by)
        match way:
            case "added":
                edit.add(event_id, {"email": "Left@X.example.net"}, by)
            case "edited":
                edit.edit(event_id, other, {"email": "LEFT@x.example.net"}, by)
            case "typed":
                assert suppression_entries.add(event_id, "left@x.example.net", everywhere=True, by=by)[1] is False
            case "imported":
                assert suppression_entries.import_(event_id, "left@X.example.net", everywhere=True, by=by).added == 0
            case "tested":
                wanted = test_sends.Wanted(Text("a", "", "b"), to=("left@x.example.net", owner.email))
                test_sends.send(event_id, wanted, key="t", terms=PLACE, by=by)
                [row] = fresh().scalars(select(Recipient)).all()
                assert row.email == owner.email
        [entry] = fresh().scalars(select(Suppression)).all()
        assert (entry.address, entry.reason) == ("left@x.example.net", "complaint")


def test_S1_the_same_address_is_no_recipient_of_the_same_mailing_again(
    app: Flask, settings: Settings, event_id: int, add_guest: Any, by: Any
) -> None:
    guest_id = add_guest("once@x.example.net")
    with app.app_context():
        sent = send.send(event_id, Message(Text("Hello", "", "Hi"), AUDIENCE), key="k", terms=PLACE, by=by)
        drain.drain(sent.job_id or 0, registry.opened(settings), settings)
        guest.erase(event_id, guest_id, "once@x.example.net", by)
        again = edit.add(event_id, {"email": "ONCE@x.example.net", "status": "confirmed"}, by)
        with transaction() as tx:
            tx.execute(
                text(
                    "INSERT INTO recipient (mailing_id, guest_id, address, email, state, attempts, tries, updated_at) "
                    "SELECT :mailing, id, address, email, 'queued', 0, 0, created_at FROM guest"
                ),
                {"mailing": sent.mailing_id},
            )
        rows = fresh().scalars(select(Recipient)).all()
        assert [(row.guest_id, row.state, erased.is_pseudonym(row.address)) for row in rows] == [(None, "sent", True)]
        assert again != guest_id


def test_S8_nobody_who_was_erased_is_tried_again(
    app: Flask, settings: Settings, event_id: int, add_guest: Any, by: Any
) -> None:
    gone, lost = add_guest("a+hardbounce@x.example.net"), add_guest("b+lost@x.example.net")
    with app.app_context():
        sent = send.send(event_id, Message(Text("Hello", "", "Hi"), AUDIENCE), key="k", terms=PLACE, by=by)
        drain.drain(sent.job_id or 0, registry.opened(settings), settings)
        guest.erase(event_id, gone, "a+hardbounce@x.example.net", by)
        guest.erase(event_id, lost, "b+lost@x.example.net", by)
        with pytest.raises(NothingToDo):
            control.retry(event_id, sent.mailing_id, PLACE, by)
        with pytest.raises(NothingToDo, match="erased"):
            control.decide(event_id, sent.mailing_id, control.Decision.SEND_AGAIN, None, terms=PLACE, by=by)
        states = sorted(fresh().scalars(select(Recipient.state)).all())
        assert states == ["failed", "unknown"]
        assert [row.reason for row in fresh().scalars(select(Suppression))] == ["hard_bounce"]


def test_F1_a_late_complaint_about_an_erased_guest_counts_and_brings_no_address_back(
    app: Flask, settings: Settings, event_id: int, guest_id: int, add_guest: Any, by: Any
) -> None:
    late = add_guest("late@x.example.net")
    with app.app_context():
        sent = send.send(event_id, Message(Text("a", "", "b"), {"guests": [str(late)]}), key="k", terms=PLACE, by=by)
        drain.drain(sent.job_id or 0, registry.opened(settings), settings)
        key = f"{fresh().get_one(Mailing, sent.mailing_id).key}-{fresh().scalar(select(Recipient.id))}"
        guest.erase(event_id, late, "late@x.example.net", by)
        complaint = ServiceReport("r1", Kind.COMPLAINT, key, "late@x.example.net", "", "late@x.example.net")
        feedback.take("generic", [complaint], clock.now())
        assert not [row for row in fresh().scalars(select(EmailEvent)) if "late" in row.address + row.detail]
        [entry] = fresh().scalars(select(Suppression)).all()
        assert (erased.is_pseudonym(entry.address), entry.reason) == (True, "complaint")
        edit.add(event_id, {"email": "late@x.example.net"}, by)
        fresh().expire_all()
        assert entry.address == "late@x.example.net"


def test_a_mail_that_is_being_handed_over_holds_an_erasure_up_in_words(
    app: Flask, event_id: int, add_guest: Any, by: Any, writing: Any
) -> None:
    guest_id = add_guest("busy@x.example.net")
    with app.app_context():
        send.send(event_id, Message(Text("a", "", "b"), AUDIENCE), key="k", terms=PLACE, by=by)
        with transaction() as tx:
            tx.execute(text("UPDATE recipient SET state = 'sending', claim_owner = 'w'"))
            tx.execute(text("UPDATE mailing SET n_sending = 1, n_queued = 0"))
        with pytest.raises(MailUnderWay, match="nothing was erased"):
            guest.erase(event_id, guest_id, "busy@x.example.net", by)
        assert fresh().scalar(select(Guest.email).where(Guest.id == guest_id)) == "busy@x.example.net"
        assert fresh().scalars(select(Recipient.address)).all() == ["busy@x.example.net"]


def test_A7_of_two_who_share_an_address_one_is_erased_and_the_other_keeps_everything(
    app: Flask, settings: Settings, event_id: int, add_guest: Any, by: Any
) -> None:
    anna = add_guest("both@x.example.net", first_name="Anna", last_name="Aal")
    ben = add_guest("both@x.example.net", first_name="Ben", last_name="Bohne")
    with app.app_context():
        first = send.send(event_id, Message(Text("one", "", "Hi"), AUDIENCE), key="k", terms=PLACE, by=by)
        drain.drain(first.job_id or 0, registry.opened(settings), settings)
        second = send.send(event_id, Message(Text("two", "", "Hi"), AUDIENCE), key="k2", terms=PLACE, by=by)
        suppression_entries.add(event_id, "both@x.example.net", everywhere=False, by=by)
        assert guest.erase(event_id, anna, "both@x.example.net", by) == 0
        erased_mails.finish(settings, clock.now())
        got = {row.mailing_id: row for row in fresh().scalars(select(Recipient))}
        assert (got[first.mailing_id].email, got[first.mailing_id].guest_id) == ("erased", None)
        assert (got[second.mailing_id].email, got[second.mailing_id].guest_id) == ("both@x.example.net", ben)
        assert [row.address for row in fresh().scalars(select(Suppression))] == ["both@x.example.net"]
        assert fresh().get_one(Guest, ben).email == "both@x.example.net"
        assert not list(settings.outbox.glob("*.eml"))


@pytest.mark.parametrize("typed", ["", "ada", "ada@example.co", "yes"])
def test_an_erasure_needs_the_address_typed(app: Flask, event_id: int, add_guest: Any, by: Any, typed: str) -> None:
    guest_id = add_guest("ada@example.com")
    with app.app_context():
        with pytest.raises(InvalidInput, match="Nothing was erased"):
            guest.erase(event_id, guest_id, typed, by)
        assert fresh().get_one(Guest, guest_id).email == "ada@example.com"


def test_what_an_erasure_could_not_finish_the_sweep_does(
    app: Flask, settings: Settings, event_id: int, guest_id: int, by: Any
) -> None:
    full_life(app, settings, event_id, guest_id, by)
    with app.app_context():
        guest.erase(event_id, guest_id, EMAIL.replace("hardbounce", "lost"), by)
        with closing(connect(settings.database)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM guest").fetchone()
            with transaction() as tx:
                tx.execute(text("UPDATE event SET title = title"))
            with db.engine.connect() as patient:
                patient.exec_driver_sql("PRAGMA busy_timeout=1")
            assert fresh().scalar(select(Erasure.finished_at)) is None
        assert erased_mails.finish(settings, clock.now()) == 1
        assert erased_mails.finish(settings, clock.now()) == 0
        db.session.remove()
    assert traces(settings) == []


def test_what_is_known_is_handed_over_whole_and_noted(
    app: Flask, settings: Settings, event_id: int, guest_id: int, by: Any, client_for: Any, owner: Person
) -> None:
    full_life(app, settings, event_id, guest_id, by)
    client = client_for(owner)
    url = f"/admin/events/{event_id}/guests/{guest_id}/known"
    page = client.get(url)
    assert (page.status_code, "&lt;b&gt;Zebedee" in page.text, "<b>Zebedee" in page.text) == (200, True, False)
    file = client.get(url + "?format=json")
    assert file.headers["Content-Disposition"] == f'attachment; filename="guest-{guest_id}.json"'
    found = json.loads(file.get_data(as_text=True))
    assert found["guest"][0]["attributes"] == {"diet": DIET + "!"}
    assert [each["state"] for each in found["messages"]] == ["failed", "unknown", "queued"]
    assert {name for name, entries in found.items() if not entries} <= {"segments", "do_not_mail"}
    assert any(each["detail"].endswith("is full") for each in found["reports"])
    with app.app_context():
        assert fresh().query(AuditEntry).filter_by(action="guest.handed_out").count() == 1


def test_only_owners_erase_and_hand_over(
    app: Flask, event_id: int, add_guest: Any, client: Client, api: Client, client_for: Any, owner: Person
) -> None:
    url = f"/admin/events/{event_id}/guests/{add_guest('ada@example.com')}"
    assert [api.get(url + path).status_code for path in ("/known", "/known?format=json", "/erasure")] == [403] * 3
    assert api.post(url + "/erasure", json={"confirm": "ada@example.com"}).status_code == 403
    assert client.submit(url + "/erasure", {"confirm": "ada@example.com"}).status_code == 403
    assert "What is known" not in client.get(url).text
    boss = client_for(owner)
    assert "What is known, erase" in boss.get(url).text
    asked = boss.get(url + "/erasure")
    assert "Backups made before keep the data until you delete them" in asked.text
    wrong = boss.submit(url + "/erasure", {"confirm": "nobody"})
    assert (wrong.status_code, "Type “ada@example.com” to confirm" in wrong.text) == (400, True)
    assert boss.submit(url + "/erasure", {"confirm": "ADA@example.com"}).status_code == 303
    assert "The guest was erased. No mail was waiting." in boss.get(f"/admin/events/{event_id}/guests").text


def test_an_import_never_leaves_the_mark_of_nobody(tmp_path: Path) -> None:
    key = b"k" * 32
    assert erased.pseudonym(key, "A@x.example") == erased.pseudonym(key, "a@X.example")
    assert erased.pseudonym(key, erased.pseudonym(key, "a@x.example")) == erased.pseudonym(key, "a@x.example")
    assert erased.pseudonym(b"o" * 32, "a@x.example") != erased.pseudonym(key, "a@x.example")
    assert "@" not in erased.pseudonym(key, "a@x.example")
