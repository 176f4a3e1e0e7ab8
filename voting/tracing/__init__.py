"""Traces of votes: who is sampled, and the spans of a vote's way.

Only `traces` needs OpenTelemetry, and it is imported only when traces are on.
"""
