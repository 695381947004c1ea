"""What became of messages: for one guest, for one message, and why (F4)."""
