"""Text in, text or bytes out: merge tokens, Markdown, mails, calendar links and files. No tables, no I/O."""
