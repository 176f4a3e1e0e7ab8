"""What a vote costs: processor time of each part, compared with an empty handler."""
