"""What a vote is and what votes add up to. No I/O."""
