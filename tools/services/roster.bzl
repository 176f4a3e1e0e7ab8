"""The services. BUILD files read this list through //tools:defs.bzl, Python through roster.py.

In the order in which a vote passes them. One dictionary of plain values, so that it is Python, too:

- `port`: HTTP (at least probes and metrics); `grpc_port`: gRPC, where it has that.
- `settings`: the class in its settings.py.
- `needs`: the servers that its settings name: kafka, redis or redis-reader (Redis as the user that
  only reads), mongodb.
- `route`: the route that it belongs to, where it belongs to one.
- `wheels`: packages that the bill of materials of its image must name.
"""

SERVICES = {
    "svc_grpc_client": {
        "needs": [],
        "port": 8001,
        "route": "grpc",
        "settings": "GrpcClientSettings",
        "wheels": ["grpcio", "sanic"],
    },
    "svc_grpc_server": {
        "grpc_port": 8003,
        "needs": ["kafka"],
        "port": 9003,
        "route": "grpc",
        "settings": "GrpcServerSettings",
        "wheels": ["grpcio", "aiokafka"],
    },
    "svc_http_route": {
        "needs": ["kafka"],
        "port": 8002,
        "route": "http",
        "settings": "HttpRouteSettings",
        "wheels": ["aiokafka", "sanic"],
    },
    "svc_consumer": {
        "needs": ["kafka", "redis", "mongodb"],
        "port": 9004,
        "settings": "ConsumerSettings",
        "wheels": ["aiokafka", "motor", "redis"],
    },
    "svc_results": {
        "needs": ["kafka", "redis-reader", "mongodb"],
        "port": 8005,
        "settings": "ResultsSettings",
        "wheels": ["aiokafka", "jinja2", "motor", "redis"],
    },
    "svc_polls": {
        "needs": ["kafka", "redis-reader", "mongodb"],
        "port": 8006,
        "settings": "PollsSettings",
        "wheels": ["aiokafka", "cryptography", "httpx", "jinja2", "motor", "redis", "rfc8785", "sanic"],
    },
    "svc_voters": {
        "needs": ["kafka"],
        "port": 8007,
        "settings": "VotersSettings",
        "wheels": ["aiokafka", "altcha", "httpx", "pyjwt", "sanic"],
    },
    "svc_notary": {
        "needs": ["kafka", "mongodb"],
        "port": 8008,
        "settings": "NotarySettings",
        "wheels": ["aiokafka", "cryptography", "jinja2", "motor", "sanic"],
    },
}
