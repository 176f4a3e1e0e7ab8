"""What the whole package shares: places, network, console, errors."""
