"""The gRPC route's front end: HTTP in, gRPC out."""
