"""Sends the votes, with Locust, and records what came back."""
