"""Stores in memory, and the page in headless Chromium, for tests."""
