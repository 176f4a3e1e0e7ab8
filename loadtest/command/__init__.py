"""The commands: run a comparison, count its false alarms."""
