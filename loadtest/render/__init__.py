"""The report for people: terminal, page, Markdown."""
