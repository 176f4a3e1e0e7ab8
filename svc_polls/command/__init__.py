"""The organisers' command line: polls from a file, and what can be done to one, over HTTP."""
