"""The page: its HTML, words, style and scripts."""
