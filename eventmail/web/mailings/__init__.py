"""Pages of sent messages: one message, its buttons, its receipt, and why."""
