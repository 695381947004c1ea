"""The page where a message is written, its drafts and its tests."""
