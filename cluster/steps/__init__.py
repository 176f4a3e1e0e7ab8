"""The whole system on a real Kubernetes: push, apply, load, faults, and the check of all votes."""
