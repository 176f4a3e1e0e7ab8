"""The options of a comparison, and the phases that follow from them."""
