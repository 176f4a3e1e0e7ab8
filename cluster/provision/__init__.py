"""Checks what the machine has, and builds the programs and images of the cluster."""
