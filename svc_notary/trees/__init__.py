"""The trees: one for each partition, as files in a folder."""
