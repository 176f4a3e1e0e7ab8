import pytest

from voting.merkle.tiles import Tile, partial_tiles, read_tile_path, tile_at


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999, 255), "tile/0/999.p/255"),
        (Tile(1, 1000), "tile/1/x001/000"),
        (Tile(63, 1234067, 1), "tile/63/x001/x234/067.p/1"),
    ],
)
def test_a_tile_and_its_path_say_the_same(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert read_tile_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/0/../checkpoint",
        "tile/entries/000",
        "tile/0/٠٠٠",
        "tile/0/" + "x001/" * 6 + "000",
    ],
)
def test_other_paths_are_no_tiles(path: str) -> None:
    assert read_tile_path(path) is None


def test_partial_tiles_are_those_of_the_standards_examples() -> None:
    assert list(partial_tiles(70_000)) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(partial_tiles(256)) == [Tile(1, 0, 1)]
    assert list(partial_tiles(0)) == []


def test_a_tile_is_as_wide_as_the_tree_allows() -> None:
    assert tile_at(0, 272, 70_000) == Tile(0, 272)
    assert tile_at(0, 273, 70_000) == Tile(0, 273, 112)
    with pytest.raises(ValueError, match="no tile 274"):
        tile_at(0, 274, 70_000)
    with pytest.raises(ValueError, match="of level 1"):
        tile_at(1, 0, 255)
