"""The process entry: `gunicorn app:app` and `huey_consumer app.huey`, see the Procfile."""

from eventmail import create_app

app = create_app()
huey = app.extensions["huey"]
