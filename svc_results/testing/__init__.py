"""Helpers for tests: stores in memory, and the page in headless Chromium."""
