"""Where a route hands over a vote, and how votes that wait leave together."""
