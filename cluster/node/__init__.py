"""The node: its processes, their settings and certificates, and their supervisor."""
