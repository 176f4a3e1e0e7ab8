"""What Redis lets services do: svc_consumer writes the tally, others read it, and nothing else."""

from typing import Final

from voting.stores.tally_reader import COMMANDS, TALLY_KEY

READER: Final = "results"
"""Name of the user who reads. It has no password here, as Redis itself has none."""

READER_RIGHTS: Final = (
    *("resetchannels", f"%R~{TALLY_KEY}"),
    *("-@all", "+@connection", "-@dangerous", *(f"+{command}" for command in COMMANDS)),
)
"""Its rights, in the syntax of Redis' ACL; k8s/base/redis/users.conf has the same."""

COUNTING_RIGHTS: Final = (
    *("resetchannels", f"~{TALLY_KEY}", "-@all", "+@connection", "-@dangerous"),
    *("+evalsha", "+script|load", "+hget", "+hgetall", "+hlen", "+hmget", "+hscan", "+hset"),
)
"""The rights of svc_consumer, as docs/operations.md has them."""

REBUILDING_RIGHTS: Final = (
    *(f"~{TALLY_KEY}*", "+copy", "+del", "+eval", "+exists", "+expire", "+hdel", "+rename"),
)
"""What `svc_consumer rebuild` needs besides."""
