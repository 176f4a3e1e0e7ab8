"""The steps of the test, a module each: from the manifests to the check of all votes.

`inside` has their order.
"""
