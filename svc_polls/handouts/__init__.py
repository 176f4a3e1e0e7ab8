"""The command lines that make what voters are handed: tokens and codes, as CSV files or sheets."""
