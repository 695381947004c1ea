"""eventmail: mail to the guests of an event, at most once each, every outcome explained."""

import logging
import zoneinfo
from datetime import timedelta
from pathlib import Path

from flask import Flask

from eventmail import files, logs, migrations
from eventmail import settings as settings_
from eventmail.db import db, send_through
from eventmail.db.sqlite import know
from eventmail.settings import Settings

__version__ = "0.1.0"
zoneinfo.reset_tzpath(to=())  # the pinned tzdata, so that every box computes the same times
ROOT = Path(__file__).parent.parent
log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None, *, pages: bool = True) -> Flask:
    """Returns the application of one process. Raises SettingsError for a wrong setting."""
    from eventmail import tasks  # noqa: PLC0415  the top of the import law, met only when an app is made
    from eventmail.domain.instance import live_lock  # noqa: PLC0415

    files.keep_private()
    settings = settings or settings_.load()
    logs.set_up()
    files.mend(settings.instance)
    for sentence in settings_.remarks():
        log.warning(sentence)
    app = Flask(__name__, instance_path=str(settings.instance))
    secure = settings.public_url.startswith("https:")
    app.config.update(
        SECRET_KEY=settings.secret,
        SESSION_COOKIE_NAME="__Host-eventmail" if secure else "eventmail",  # no other host can set a __Host- cookie
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_REFRESH_EACH_REQUEST=False,  # an old answer can't restore what was removed
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=1),  # a changed file has another address (web.core.context.asset)
        MAX_CONTENT_LENGTH=60 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        WTF_CSRF_CHECK_DEFAULT=False,  # web.core.access checks, since it knows bearer tokens
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # proxies and browsers may drop the Referer; token and SameSite suffice
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{settings.database}",
    )
    app.extensions["settings"] = settings
    db.init_app(app)
    with app.app_context():
        know(db.engine, settings.secret)
        send_through(settings.provider)
        migrations.upgrade(db.engine, settings.instance / "migration.lock")
        live_lock.settle_in(settings.database)
        db.session.remove()
        db.engine.dispose()  # a connection must not cross a fork
    app.extensions["huey"] = tasks.create_huey(app)
    if pages:
        from eventmail import web  # noqa: PLC0415

        web.register(app)
    return app
