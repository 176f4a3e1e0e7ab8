"""The manifests, and the tests of what they render to."""
