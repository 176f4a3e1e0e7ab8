"""The commands: run a comparison, try how often it errs."""
