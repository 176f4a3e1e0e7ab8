"""What the machine must have, and the programs and images that are made for the cluster."""
