"""What cases are measured with: servers, stand-ins for them, load, watchers, and the turn."""
