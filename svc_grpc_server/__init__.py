"""The gRPC route's back end: gRPC in, Kafka out."""
