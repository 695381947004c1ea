"""The API as a document: its table of operations, its OpenAPI form, its page."""
