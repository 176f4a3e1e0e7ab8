"""Each server of the system as a process, and a network and a disk that can fail."""
