"""Clients that want to stop the rest, and the trial of them beside people who vote.

Each client takes one kind of thing that a server can run out of. All are bounded in time, count
and sockets, act by a seed, and go to 127.0.0.1 only.
"""
