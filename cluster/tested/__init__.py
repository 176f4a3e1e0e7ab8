"""The system that the steps test: its names in the cluster, its images, its voters, its context."""
