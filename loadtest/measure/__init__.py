"""Measures the phases: figures of samples, use by processes, time until votes are visible."""
