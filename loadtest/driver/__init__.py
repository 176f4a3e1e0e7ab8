"""Sends the votes, with Locust, and writes down what came back."""
