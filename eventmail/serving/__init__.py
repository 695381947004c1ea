"""How the web process takes connections: gunicorn starts, watches and ends its processes, the rest is ours.

Public links are open to the internet, so nobody may hold up others by being slow. An event loop waits for everybody,
with a deadline for each step; one of a few threads works for a request only while it is here in full, and lets go of it
before its answer leaves. The Procfile names the worker.
"""
