"""The web process's entry: `gunicorn app:app`, see the Procfile. The worker's is worker.py."""

import gc

from eventmail import create_app, exit_with_parent

exit_with_parent.end_with_it()
app = create_app()
gc.collect()
gc.freeze()  # what exists by now stays: looking at it again would copy every page that forked processes share
