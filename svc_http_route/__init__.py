"""The HTTP route: HTTP in, Kafka out."""
