"""Pages of the outbox, in practice mode."""
