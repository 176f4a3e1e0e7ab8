"""For tests of the votes, the routes and their clients."""
