"""The component `encryption` with real servers: its arguments, its settings, its Secrets."""
