"""Another mail service is set, as after a restart with other settings."""

from flask import Flask

from eventmail.db import send_through
from tests.support.recording import Recording


def switch(app: Flask, name: str) -> Recording:
    """From now on the pages of `app` and what it sends are of the service `name`; its double, that takes every mail."""
    with app.app_context():
        send_through(name)
    app.extensions["settings"] = app.extensions["settings"].model_copy(update={"provider": name})
    app.extensions["provider"] = Recording(name=name)
    return Recording(name=name)
