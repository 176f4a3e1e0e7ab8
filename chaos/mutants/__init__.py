"""Consumers with one rule broken each, which the check must catch."""
