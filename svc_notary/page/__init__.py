"""The page that says in words what a receipt proves."""
