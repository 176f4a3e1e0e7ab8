import pytest

from cluster.common.errors import ClusterError
from cluster.steps.images import Repository, repository


@pytest.mark.parametrize(
    ("name", "path", "tag"),
    [
        ("127.0.0.1:5000/voting/kafka:dev", "voting", "dev"),
        ("registry.example/kafka:dev", "", "dev"),
        ("team/voting/kafka:1.0", "team/voting", "1.0"),
        ("voting/kafka", "voting", "latest"),
        ("localhost/voting/kafka:1@sha256:abc", "voting", "1"),
    ],
)
def test_the_registry_is_not_part_of_an_images_repository(name: str, path: str, tag: str) -> None:
    assert repository(f'      - image: "{name}"\n') == Repository(path, tag)


def test_images_in_different_places_are_refused() -> None:
    with pytest.raises(ClusterError, match="a:1, b:1"):
        repository("image: a/kafka:1\n  image: b/redis:1\n")
