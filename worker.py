"""The worker's entry: `huey_consumer worker.huey`, see the Procfile. It shows no pages, so it loads none."""

import gc

from eventmail import create_app, exit_with_parent

exit_with_parent.end_with_it()
huey = create_app(pages=False).extensions["huey"]
gc.collect()
gc.freeze()
