"""The command line that makes voters' tokens by the thousand, as a CSV file."""
