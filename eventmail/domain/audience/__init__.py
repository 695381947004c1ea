"""Who gets a message and who does not: segments, exclusions, frozen lists (A1 to A7)."""
