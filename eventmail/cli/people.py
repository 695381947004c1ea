"""Commands about access: sign-in links, API tokens."""

import click

from eventmail import settings
from eventmail.cli.common import as_json_option, by, link, opened, print_json
from eventmail.domain.instance import demo
from eventmail.domain.people import api_tokens, sign_in_links
from eventmail.errors import NotFound


@click.command()
@click.argument("address")
def signin(address: str) -> None:
    """Print a one-time link with a button that signs in the colleague at ADDRESS."""
    here = settings.load()
    with opened(here):
        token = _colleague_or_owner(address)
    click.echo(link(here, token))


@click.group()
def token() -> None:
    """Tokens for programs that use the API."""


@token.command("add")
@click.argument("address", required=False)
@click.option("--name", default="console", show_default=True, help="What the token is for.")
@click.option("--days", type=click.IntRange(1, 3650), help="How long it works; without, until it is taken back.")
@click.option("--read-only", is_flag=True, help="It may look at everything and change nothing.")
@as_json_option
def token_add(address: str | None, name: str, days: int | None, *, read_only: bool, as_json: bool) -> None:
    """Print a new API token of the colleague at ADDRESS, else of whom “run” signs in. It is shown this once."""
    with opened(settings.load()):
        email = address or demo.guide()
        if email is None:
            raise NotFound("Nobody is here yet. Start eventmail and open the link it prints.")
        made = api_tokens.issue_to(email, name, by(), days=days, read_only=read_only)
    print_json({"email": email, "name": name, "token": made}) if as_json else click.echo(made)


def _colleague_or_owner(address: str) -> str:
    """The token of a link for the colleague, or of the link that makes an owner while there is none."""
    try:
        return sign_in_links.issue(address, by())
    except NotFound:
        first = sign_in_links.issue_first(by())
        if first is None:
            raise
        click.echo(f"Nobody has the address {address} yet. Who fills in its form becomes the owner:", err=True)
        return first
