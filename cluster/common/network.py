"""Names, addresses and ports inside the cluster; its network is its own, so none can collide."""

from typing import Final

NODE: Final = "node1"
NODE_IP: Final = "192.168.77.1"
POD_RANGE: Final = "10.244.0.0/24"
SERVICE_RANGE: Final = "10.96.0.0/16"
API_SERVICE_IP: Final = "10.96.0.1"
"""The first address of the services' range, which Kubernetes gives to the API server."""
DNS_SERVICE_IP: Final = "10.96.0.10"

API_PORT: Final = 6443
ENTRY_PORT: Final = 8000
"""Where Traefik takes requests for all Ingress objects."""
TRAEFIK_PORT: Final = 8099
"""Traefik's own: /ping, /metrics, /api."""
REGISTRY_PORT: Final = 5000
METRICS_PORT: Final = 4443

PAUSE_IMAGE: Final = f"127.0.0.1:{REGISTRY_PORT}/pause:1"
