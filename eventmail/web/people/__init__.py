"""Pages of colleagues, for owners."""
