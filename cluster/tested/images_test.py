import pytest

from cluster.common.errors import ClusterError
from cluster.tested.images import Repository, by_digest, repository, titles


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


MANIFESTS = """
      - image: "127.0.0.1:5000/voting/kafka:dev"
        name: kafka
      - image: voting/redis
"""


def test_images_are_named_by_digest_so_that_a_tag_may_move_on() -> None:
    assert titles(MANIFESTS) == ["kafka", "redis"]
    named = by_digest(MANIFESTS, {"kafka": "sha256:aa", "redis": "sha256:bb"})
    assert '- image: "127.0.0.1:5000/voting/kafka@sha256:aa"' in named
    assert "- image: voting/redis@sha256:bb" in named
    assert titles(named) == ["kafka", "redis"]
