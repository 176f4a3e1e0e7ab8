"""Runs the gRPC server: `python -m svc_grpc_server`; `--help` lists its settings."""

from svc_grpc_server.service import main

if __name__ == "__main__":
    main()
