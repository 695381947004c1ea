"""A new area is one package and one line of `web.areas`: its pages, its entry, its rows of the API's document."""

import pytest
from flask import Blueprint, Flask, render_template_string

from eventmail.settings import Settings
from eventmail.web import areas
from eventmail.web.api import openapi
from eventmail.web.core.area import Area, Entry, Operation, Section
from tests.support.web import Client

bp = Blueprint("seating", __name__, url_prefix="/admin/events/<id:event_id>/seats")


@bp.get("")
def listing(event_id: int) -> str:
    return render_template_string('{% extends "base.html" %}')


SEATING = Area(
    (bp,),
    {Section.GUESTS: (Operation("GET seating.listing", "Who sits where.", {200: dict[str, str]}),)},
    of_event=(Entry("Seats", "calendar", "seating.listing"),),
)


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """With one area more. Behind a proxy an app registers pages of its own (`tests/support/haste.py`)."""
    monkeypatch.setattr(areas, "AREAS", (*areas.AREAS, SEATING))
    return settings.model_copy(update={"proxies": 1})


def test_an_area_brings_its_pages_its_entry_and_its_rows(app: Flask, client: Client, event_id: int) -> None:
    page = client.get(f"/admin/events/{event_id}/seats").text
    assert f'<a href="/admin/events/{event_id}/seats" aria-current="page">' in page
    assert '#calendar"/>' in page
    described = openapi.document(app)["paths"]["/admin/events/{event_id}/seats"]["get"]
    assert (described["tags"], described["operationId"]) == (["Guests"], "seating.listing")


def test_entries_stand_in_the_order_of_the_areas_and_settings_come_last(client: Client, event_id: int) -> None:
    nav = client.get(f"/admin/events/{event_id}").text.partition("<nav")[2].partition("</nav>")[0]
    labels = [row.partition("</a>")[0].rpartition(">")[2] for row in nav.split("<li>")[1:]]
    assert labels == [
        "Overview",
        "Guests",
        "Segments",
        "Designs",
        "Messages",
        "Do-not-mail",
        "Log",
        "Seats",
        "Settings",
    ]
    assert nav.count('aria-current="page"') == 1
