"""Events: edited, shared, copied, ended."""
