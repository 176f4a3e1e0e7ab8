import pytest

from voting.merkle.checkpoint import Checkpoint, read_checkpoint

_TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_standards_example_is_read_and_written() -> None:
    checkpoint = read_checkpoint(_TEXT)
    assert checkpoint[:2] == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text == _TEXT


def test_an_empty_tree_has_a_checkpoint() -> None:
    checkpoint = Checkpoint("votes/0", 0, bytes(32))
    assert read_checkpoint(checkpoint.text) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        _TEXT[:-1],
        _TEXT + "extension\n",
        _TEXT + "\n",
        _TEXT.replace("20852163", "020852163"),
        _TEXT.replace("20852163", "-1"),
        _TEXT.replace("20852163", "٢"),
        _TEXT.replace("q2I=", "q2J="),
        _TEXT.replace("CsU", "C"),
        _TEXT.replace("CsU", "C+*"),
        _TEXT.replace("example.com/behind-the-sofa", ""),
    ],
)
def test_anything_else_is_no_checkpoint(text: str) -> None:
    with pytest.raises(ValueError, match="not a checkpoint"):
        read_checkpoint(text)
