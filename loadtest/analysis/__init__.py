"""From figures to findings and the verdict."""
