"""Who may vote in a poll, and how often: tokens, and ids that are derived from them. No I/O."""
