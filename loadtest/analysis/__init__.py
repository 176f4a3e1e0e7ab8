"""Turns figures into findings and the verdict."""
