"""Pages of this installation, for owners."""
