"""Each server of the system as a process, and faults that a network or a disk can have."""
