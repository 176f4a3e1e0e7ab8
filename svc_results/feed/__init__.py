"""Reads the stores once for all watchers, and sends each of them the newest snapshot."""
