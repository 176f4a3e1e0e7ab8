"""The node: its processes, their settings and certificates, and what keeps them running."""
