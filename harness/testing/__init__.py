"""Real servers as pytest fixtures."""
