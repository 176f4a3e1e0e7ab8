"""What a comparison is about: votes, phases, figures, the report. No I/O."""
