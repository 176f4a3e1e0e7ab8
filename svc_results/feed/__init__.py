"""Reads the stores for everyone who watches, and sends each watcher the newest snapshot."""
