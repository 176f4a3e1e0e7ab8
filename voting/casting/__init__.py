"""The vote sink, which takes a route's votes, and the group commit that batches them."""
