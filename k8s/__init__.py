"""The manifests, and the tests of what kustomize makes of them."""
