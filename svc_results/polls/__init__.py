"""What the audience may know of polls: their state and, when it may be seen, their result."""
