"""From which source an image was built, as tools/workspace_status.sh tells Bazel."""

from typing import NamedTuple

_PREFIX = "org.opencontainers.image."
_EPOCH = "1970-01-01T00:00:00Z"


class Provenance(NamedTuple):
    """Source and revision; nothing for an image that only tests use."""

    source: str = ""
    revision: str = ""
    created: str = _EPOCH

    def labels(self) -> dict[str, str]:
        """Return OCI's annotations, which are labels and annotations alike."""
        values = self._asdict() if self.revision else {}
        return {f"{_PREFIX}{name}": value for name, value in values.items()}


def read_provenance(status: str) -> Provenance:
    """Read Bazel's stable-status.txt: a name and its value per line."""
    values = dict(line.split(" ", 1) for line in status.splitlines() if " " in line)
    return Provenance(
        source=values["STABLE_SOURCE"],
        revision=values["STABLE_REVISION"],
        created=values.get("STABLE_REVISION_TIME", _EPOCH),
    )
