"""The recipients of a message: segments, exclusions, frozen lists (A1 to A7)."""
