"""The process entry: `gunicorn app:app` and `huey_consumer app.huey`, see the Procfile."""

import gc

from eventmail import create_app

app = create_app()
huey = app.extensions["huey"]
gc.collect()
gc.freeze()  # what exists by now stays: looking at it again would copy every page that forked processes share
