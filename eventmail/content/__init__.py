"""Text in, text or bytes out: merge tokens, Markdown, the mail itself, calendar links and files. No tables, no I/O."""
