"""Processes, ports and programs of this machine."""
