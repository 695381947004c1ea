"""What guests, mail services and monitors reach without signing in."""
