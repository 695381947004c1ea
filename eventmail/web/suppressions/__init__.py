"""Pages of the do-not-mail list."""
