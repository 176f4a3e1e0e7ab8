"""What Redis lets svc_results do: read the tally, and nothing else."""

from typing import Final

from voting.stores.tally_reader import COMMANDS, TALLY_KEY

READER: Final = "results"
"""Name of the user. It has no password here, as Redis itself has none."""

READER_RIGHTS: Final = (
    *("on", "nopass", "resetchannels", f"%R~{TALLY_KEY}"),
    *("-@all", "+@connection", "-@dangerous", *(f"+{command}" for command in COMMANDS)),
)
"""Its rights, in the syntax of Redis' ACL; k8s/base/redis/redis.conf has the same."""
