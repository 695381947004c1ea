"""Plain words for what the domain tells in codes, one home for pages and JSON."""
