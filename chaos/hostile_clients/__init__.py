"""Hostile clients, each of which uses up one thing that a server can run out of.

All are bounded in time, count and sockets, act by a seed, and go to 127.0.0.1 only.
"""
