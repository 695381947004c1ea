"""Commands that start processes: all of them, the web, the worker; and one pass of the scheduler."""

import click

from eventmail import run, settings, tasks
from eventmail.cli.common import by, link, opened
from eventmail.domain.instance import demo
from eventmail.domain.people import sign_in_links, users


@click.command("run")
def run_() -> int:
    """Start web and worker and print a link that signs in. The first start loads a demo."""
    here = settings.load()
    run.check_port(here)
    with opened(here) as app:
        if not users.has_people():
            click.echo("This is the first start: loading the demo …")
            demo.load(by(), tasks.terms(app))
        email = demo.guide()
        token = sign_in_links.issue(email, by()) if email else sign_in_links.issue_first(by())
        sentence = _welcome(here, link(here, token), email)
    return run.run_all(here, sentence)


@click.command()
def web() -> None:
    """Serve the pages, in the foreground."""
    here = settings.load()
    run.check_port(here)
    with opened(here):
        token = None if users.has_people() else sign_in_links.issue_first(by())
    if token:
        click.echo(f"Open this to set up eventmail; who fills in its form is the owner:\n\n  {link(here, token)}\n")
    run.become("web", here)


@click.command()
def worker() -> None:
    """Send what is due, in the foreground."""
    run.become("worker", settings.load())


@click.command()
def tick() -> None:
    """Look once for what is due, in this process; the worker does so by itself every minute."""
    with opened(settings.load()) as app:
        jobs = tasks.tick(app)
    click.echo(f"{jobs} {'job is' if jobs == 1 else 'jobs are'} left for the worker.")


def _welcome(here: settings.Settings, link: str, email: str | None) -> str:
    who = f"This link signs in {email} when its button is pressed" if email else "Who fills in its form is the owner"
    practice = " Practice mode: mail stays on this box." if here.practice else ""
    return f"\neventmail is ready.{practice} Open this in a browser. {who}, once:\n\n  {link}\n\nCtrl-C stops it."
