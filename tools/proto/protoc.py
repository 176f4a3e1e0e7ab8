"""protoc with its gRPC plugin, as grpcio-tools ships it."""

import sys
from importlib.resources import files

from grpc_tools import protoc

if __name__ == "__main__":
    well_known_types = files("grpc_tools") / "_proto"
    sys.exit(protoc.main([*sys.argv, f"-I{well_known_types}"]))
