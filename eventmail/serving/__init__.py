"""How the web processes, which gunicorn starts, watches and ends, serve their connections.

Public links are open to the internet, so a slow client must not hold up others. An event loop waits for all clients,
with a deadline for each step. A thread works on a request only from its last byte to the first byte of the answer.
"""
