"""What a vote costs: processor time of each part, beside that of an empty handler."""
