"""How the web process takes connections: gunicorn's threads, shared out evenly. The Procfile names it."""

from gunicorn.workers.gthread import ThreadWorker


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn comes without types
    """A worker that takes no connection while all of its threads have one in hand; whoever is idle takes it.

    Gunicorn's own takes whatever comes. Of several connections that are opened at once the worker that wakes first
    then gets most or all, and since they are kept, it answers them alone while the other has nothing to do.
    """

    @property
    def worker_connections(self) -> int:
        """How many connections it may have; those in which nobody asks for anything now wait for nothing."""
        threads: int = self.cfg.threads
        return min(self._most, threads + len(self.keepalived_conns) + len(self.pending_conns))

    @worker_connections.setter
    def worker_connections(self, most: int) -> None:
        self._most = most
