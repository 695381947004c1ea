"""The page that asks whether this is the live eventmail (H9)."""

from typing import Any

from eventmail.domain.instance import live_lock
from eventmail.models.account import Role
from tests.support.web import Client, words


def test_H9_who_may_not_confirm_reads_who_does_and_how_the_first_owner_is_made(
    client: Client, add_person: Any, writing: Any
) -> None:
    with writing() as tx:
        live_lock.leave(tx)
    shown = words(client.get("/admin/live"))
    first = (
        "There is no owner yet. On the computer where eventmail runs, eventmail signin ADDRESS with an address that no "
        "colleague has prints a link that makes its reader the owner. They open this page then."
    )
    assert (first in shown, "Ask an owner" in shown, 'data-test="live-form"' in shown) == (True, False, False)
    add_person("Olga", "olga@organizers.example", Role.OWNER)
    shown = words(client.get("/admin/live"))
    assert (first in shown, "Ask an owner to open this page." in shown) == (False, True)
