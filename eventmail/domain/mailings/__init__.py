"""Messages: written, previewed, tested, sent, controlled on their way."""
