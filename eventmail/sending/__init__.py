"""What the worker does: claim, hand over, record, finish, sweep. Short transactions, no query per row."""
