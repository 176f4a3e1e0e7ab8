"""The names in the local overlay that the steps need."""

from typing import Final

NAMESPACE: Final = "voting"
ROUTES: Final = {"http": "svc-http-route", "grpc": "svc-grpc-client"}
KAFKA: Final = f"kafka.{NAMESPACE}.svc.cluster.local:9092"
REDIS: Final = f"redis://redis.{NAMESPACE}.svc.cluster.local:6379/0"
MONGODB: Final = f"mongodb://mongodb.{NAMESPACE}.svc.cluster.local:27017"
PROMETHEUS: Final = f"http://prometheus.{NAMESPACE}.svc.cluster.local:9090"
POLLS: Final = f"http://svc-polls.{NAMESPACE}.svc.cluster.local"
