"""The organisers' command that exports a poll: its evidence, and tables of its votes."""
