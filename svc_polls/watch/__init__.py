"""What an organiser watches beside the polls: the flow of votes, and which services are ready.

It is read only while somebody watches, however many do.
"""
