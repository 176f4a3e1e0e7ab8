"""Runs the gRPC route's front end: `python -m svc_grpc_client`; `--help` lists its settings."""

from svc_grpc_client.service import main

if __name__ == "__main__":
    main()
