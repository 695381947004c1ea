"""The guests of an event: edited one by one and in bulk, listed, filtered, pasted."""
