"""Plain words for the codes of the domain, for pages and JSON alike."""
