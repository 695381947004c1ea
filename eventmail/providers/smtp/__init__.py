"""SMTP: the service, its connections, and what its answers mean (RFC 5321)."""
