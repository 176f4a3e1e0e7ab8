"""What the comparison was asked for, and the phases that follow from it."""
