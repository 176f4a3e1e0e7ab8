"""Helpers for tests of votes, routes and their clients."""
