"""The Helm chart, made from the kustomize manifests; a test renders both and compares.

`voting/` is the chart. All of it but `_helpers.tpl`, `NOTES.txt` and `examples/` is generated.
"""
