"""Runs the whole system on one machine, votes in it, and checks that every vote counts once.

For the demo, the tests, chaos and the benchmarks; no service imports it.
"""
