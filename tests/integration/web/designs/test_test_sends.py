"""Tests of designs by JSON: of a named snapshot, once for a key, and shown as the last test (E1, E3, G12)."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from eventmail.models import Mailing, Recipient, Suppression
from eventmail.settings import Settings
from tests.support.live import outbox
from tests.support.web import Client, refused, words


@pytest.fixture
def post(api: Any, published: str) -> Any:
    """post(key="k", **body): a test of the published design."""

    def call(key: str = "k", **body: Any) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return api.post(f"{published}/test-sends", json=body, headers=headers)

    return call


def test_E1_a_test_is_of_what_is_published_unless_the_draft_is_named(
    api: Any, published: str, post: Any, work: Any, settings: Settings, rows: Any
) -> None:
    api.patch(published, json={"revision": 1, "subject": "Draft"})
    assert (post("a", to=["a@x.org"]).status_code, post("b", to=["a@x.org"], snapshot="draft").status_code) == (
        202,
        202,
    )
    work()
    assert [mail["Subject"] for mail in outbox(settings.instance)] == ["[Test] Hi there", "[Test] Draft"]
    design = int(published.rpartition("/")[2])
    assert [(one.kind, one.design_id, one.design_number) for one in rows(Mailing)] == [
        ("test", design, 1), ("test", design, None),
    ]  # fmt: skip


def test_E1_the_answer_names_the_test_and_the_list_what_became_of_it(
    api: Any, url: str, published: str, post: Any, work: Any, organizer: Any
) -> None:
    answer = post()
    test: Any = answer.json
    assert (answer.status_code, test["to"], test["state"]) == (202, [organizer.email], "sending")
    assert answer.location == f"{published}/test-sends/{test['id']}"
    assert api.get(answer.location).json == test
    for state in ("queued", "sent"):
        for shown in (api.get(published).json, api.get(url).json["items"][0]):
            assert (shown["last_test_send"]["id"], shown["last_test_send"]["to"]) == (
                test["id"], {organizer.email: state},
            )  # fmt: skip
        work()


def test_E1_one_key_is_one_test_whatever_became_of_the_design(api: Any, published: str, post: Any, count: Any) -> None:
    first = post(to=["a@x.org"])
    api.patch(published, json={"revision": 1, "body": "Second"})
    api.post(f"{published}/publication")
    again = post(to=["a@x.org"])
    api.post(f"{published}/archiving")
    late = post(to=["a@x.org"])
    for answer in (again, late):
        assert (answer.status_code, answer.data) == (202, first.data)
        assert answer.headers["Idempotent-Replayed"] == "true"
    assert (count(Mailing), count(Recipient)) == (1, 1)


@pytest.mark.parametrize("changed", [{"to": ["b@x.org"]}, {"snapshot": "draft"}, {"guest": "7"}])
def test_E3_a_key_of_another_test_is_422_and_sends_nothing(post: Any, count: Any, changed: dict[str, Any]) -> None:
    post(to=["a@x.org"])
    assert refused(post(**{"to": ["a@x.org"], **changed})) == (422, "IDEMPOTENCY_KEY_REUSED", [])
    assert count(Mailing) == 1


def test_E1_a_key_is_needed_and_a_refused_test_leaves_it_free(api: Any, one: str, count: Any, writing: Any) -> None:
    assert refused(api.post(f"{one}/test-sends", json={})) == (400, "IDEMPOTENCY_KEY_REQUIRED", [])
    key = {"Idempotency-Key": "k"}
    assert refused(api.post(f"{one}/test-sends", json={}, headers=key)) == (409, "NOT_PUBLISHED", [])
    assert count(Mailing) == 0
    api.post(f"{one}/publication")
    assert api.post(f"{one}/test-sends", json={}, headers=key).status_code == 202


def test_D4_a_draft_with_an_unknown_field_is_not_tested(api: Any, one: str, count: Any) -> None:
    api.patch(one, json={"revision": 1, "body": "{guest.nickname}"})
    body, key = {"snapshot": "draft"}, {"Idempotency-Key": "k"}
    assert refused(api.post(f"{one}/test-sends", json=body, headers=key)) == (400, "UNRESOLVED_TOKEN", ["body"])
    assert count(Mailing) == 0


def test_E1_the_test_of_another_design_is_not_found_there(api: Any, url: str, made: Any, post: Any) -> None:
    test, other = post().json["id"], made()["id"]
    assert api.get(f"{url}/{other}/test-sends/{test}").status_code == 404
    plain = api.post(f"{url.rpartition('/')[0]}/mailings/test-sends", json={"subject": "s", "body": "b"},
                     headers={"Idempotency-Key": "p"}).json["id"]  # fmt: skip
    assert api.get(f"{url}/{other}/test-sends/{plain}").status_code == 404


def test_G12_G13_a_test_is_the_mail_that_guests_get_but_for_its_mark_its_ids_and_its_unsubscribe_link(
    api: Any, event_id: int, published: str, post: Any, work: Any, settings: Settings, add_guests: Any,
    visitor: Client, count: Any,
) -> None:  # fmt: skip
    [ada] = add_guests([{"email": "ada@x.org", "first_name": "Ada"}])
    body = {"kind": "one_time", "design": {"id": published.rpartition("/")[2]}, "audience": {"statuses": ["confirmed"]}}
    api.post(f"/admin/events/{event_id}/mailings", json=body, headers={"Idempotency-Key": "m"})
    post(to=["ada@x.org"], guest=str(ada))
    work()
    real, test = outbox(settings.instance)

    def without_own(mail: Any) -> list[str]:
        link = mail["List-Unsubscribe"].strip("<>")
        return [part.get_content().replace(link, "LINK") for part in mail.walk() if not part.is_multipart()]

    assert (real["Subject"], test["Subject"]) == ("Hi Ada", "[Test] Hi Ada")
    assert without_own(test) == without_own(real)
    assert (test["From"], test["Reply-To"], test["To"]) == (real["From"], real["Reply-To"], real["To"])
    path = urlsplit(test["List-Unsubscribe"].strip("<>")).path
    shown = visitor.get(path)
    assert (shown.status_code, "This link changes nothing" in words(shown)) == (200, True)
    assert visitor.post(path).status_code == 200
    assert count(Suppression) == 0
