"""What was measured while people voted, and the figures made of it."""
