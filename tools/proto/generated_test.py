"""What py_grpc_library makes, seen by a module that uses it."""

from votes.v1 import votes_pb2, votes_pb2_grpc


def test_generated_messages_are_importable() -> None:
    assert votes_pb2.Vote.FromString(votes_pb2.Vote(rank=7).SerializeToString()).rank == 7


def test_generated_service_is_importable() -> None:
    assert votes_pb2_grpc.VoteServiceStub.__name__ == "VoteServiceStub"
