"""Pages of guests: list, import, paste, history, erasure."""
