"""The tally in Redis: a single hash, so that counters and positions can only be lost together."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple, cast

from voting.domain.tally import Tally
from voting.domain.vote import Route
from voting.stores.errors import NO_POSITION
from voting.stores.tally_exclusion import Exclusion, read_exclusion
from voting.stores.tally_fields import (
    POLL_FIELDS,
    POLL_PREFIX,
    counter_fields,
    exclusion_field,
    parse_tally,
    poll_route_field,
    position_field,
    route_field,
)
from voting.stores.tally_reader import STORE, TALLY_KEY, connect, translated

__all__ = [
    "ADVANCE",
    "MAX_COUNTERS",
    "MAX_VOTES",
    "STORE",
    "TALLY_KEY",
    "TallyMove",
    "TallyStore",
    "translated",
]

# Counters per call of the script, of all partitions together: each is two values of its HSET, and
# Lua's unpack() takes fewer than 8,000. A position is two values, too.
MAX_COUNTERS: Final = 3900
# Votes per call, whatever they are: each may add three counters, when each is in a poll of its own,
# and a position, when each is in a partition of its own; and one more counts the fields of polls.
MAX_VOTES: Final = MAX_COUNTERS // 4

# The arguments are, partition by partition: its field, the expected and the new position, how many
# values follow, and its counters with what they grow by.
#
# All counters and positions change in ONE write command. Several would be a MULTI ... EXEC in the
# append-only file, and Redis applies a torn one at the second restart after a crash.
ADVANCE: Final = f"""
local stored, write, fields, added, last = {{}}, {{}}, {{}}, {{}}, 0
while last < #ARGV do
  local at = last + 1
  last = at + 3 + ARGV[at + 3]
  local position = redis.call('HGET', KEYS[1], ARGV[at]) or '{NO_POSITION}'
  if position == ARGV[at + 1] then
    position = ARGV[at + 2]
    write[#write + 1] = ARGV[at]
    write[#write + 1] = position
    for i = at + 4, last, 2 do
      local field = ARGV[i]
      if not added[field] then
        fields[#fields + 1] = field
      end
      added[field] = (added[field] or 0) + ARGV[i + 1]
    end
  end
  stored[#stored + 1] = position
end
local of_polls = 0
if #fields > 0 then
  local counts = redis.call('HMGET', KEYS[1], unpack(fields))
  for i, field in ipairs(fields) do
    write[#write + 1] = field
    write[#write + 1] = string.format('%.0f', (counts[i] or 0) + added[field])
    if not counts[i] and string.sub(field, 1, {len(POLL_PREFIX)}) == '{POLL_PREFIX}' then
      of_polls = of_polls + 1
    end
  end
end
if of_polls > 0 then
  write[#write + 1] = '{POLL_FIELDS}'
  write[#write + 1] = (redis.call('HGET', KEYS[1], '{POLL_FIELDS}') or 0) + of_polls
end
if #write > 0 then redis.call('HSET', KEYS[1], unpack(write)) end
return stored
"""

# A write, which a Redis that only answers reads (a replica, or a full one) refuses.
_CLAIM: Final = """
local position = redis.call('HGET', KEYS[1], ARGV[1]) or ARGV[2]
redis.call('HSET', KEYS[1], ARGV[1], position)
return position
"""

# The arguments: the field, its new value, its version, and for each partition the position's field
# and the offset that it must have reached. A newer version stays.
_EXCLUDE: Final = f"""
local stored = redis.call('HGET', KEYS[1], ARGV[1])
local version = stored and tonumber(string.match(stored, '^(%d+) {{.*}}$') or '') or -1
if version > tonumber(ARGV[3]) then return 0 end
for i = 4, #ARGV, 2 do
  local position = redis.call('HGET', KEYS[1], ARGV[i]) or '{NO_POSITION}'
  if tonumber(string.match(position, '^(-?%d+):') or -1) < tonumber(ARGV[i + 1]) then return 0 end
end
local write = {{ARGV[1], ARGV[2]}}
if not stored then
  write[3] = '{POLL_FIELDS}'
  write[4] = (redis.call('HGET', KEYS[1], '{POLL_FIELDS}') or 0) + 1
end
redis.call('HSET', KEYS[1], unpack(write))
return 1
"""


class TallyMove(NamedTuple):
    """A move of a partition from the position `expected` to `position`, and what it adds."""

    partition: int
    expected: str
    position: str
    delta: Tally


class TallyStore:
    """The tally in the Redis at `redis_url`; every method may raise `StoreUnavailableError`."""

    def __init__(self, redis_url: str) -> None:
        self._redis = connect(redis_url, decode=True)
        self._advance = self._redis.register_script(ADVANCE)
        self._claim = self._redis.register_script(_CLAIM)
        self._exclude = self._redis.register_script(_EXCLUDE)

    async def read(self) -> Tally:
        """Return the whole tally at one moment."""
        return parse_tally(await self.fields())

    async def fields(self) -> dict[str, str]:
        """Return the whole hash at one moment, including fields that cannot be parsed."""
        with translated():
            fields = await self._redis.hgetall(TALLY_KEY)
        return cast("dict[str, str]", fields)

    async def route_votes(self, poll: str = "") -> dict[Route, int]:
        """Return the number of votes counted per route; cheaper than the whole tally.

        Those of the open poll, unless a poll is named.
        """
        names = [poll_route_field(poll, r) if poll else route_field(r) for r in Route]
        with translated():
            stored = await self._redis.hmget(TALLY_KEY, names)
        counts = cast("list[str | None]", stored)
        return {route: int(count or 0) for route, count in zip(Route, counts, strict=True)}

    async def positions(self, partitions: Sequence[int]) -> dict[int, str]:
        """Return the position of each of these partitions."""
        if not partitions:
            return {}
        with translated():
            stored = await self._redis.hmget(TALLY_KEY, [position_field(p) for p in partitions])
        positions = cast("list[str | None]", stored)
        return {p: at or NO_POSITION for p, at in zip(partitions, positions, strict=True)}

    async def claim(self, partition: int) -> str:
        """Write the position of a partition back unchanged, and return it.

        Success proves that the store accepts writes. Nothing is actually claimed: only the vote
        log has owners.
        """
        with translated():
            position: str = await self._claim(
                keys=[TALLY_KEY], args=[position_field(partition), NO_POSITION]
            )
        return position

    async def advance(self, moves: Sequence[TallyMove]) -> list[str]:
        """Move partitions and add what they add: for each of them both or nothing.

        Returns the position of each stored afterwards. If it is not that of the move, the tally was
        not at `expected`, and the move has changed nothing. Repeating a call is harmless. The moves
        have at most `MAX_COUNTERS` counters and positions, which `MAX_VOTES` votes never exceed.
        """
        arguments: list[str | int] = []
        for move in moves:
            counters = counter_fields(move.delta)
            field = position_field(move.partition)
            arguments += (field, move.expected, move.position, 2 * len(counters))
            for counter in counters.items():
                arguments += counter
        with translated():
            stored: list[str] = await self._advance(keys=[TALLY_KEY], args=arguments)
        return stored

    async def exclusion_versions(self, polls: Sequence[str]) -> dict[str, int]:
        """Return the version of what rulings take of each of these polls, as far as it is there.

        What cannot be read is left out.
        """
        if not polls:
            return {}
        with translated():
            found = await self._redis.hmget(TALLY_KEY, [exclusion_field(one) for one in polls])
        versions: dict[str, int] = {}
        for poll, stored in zip(polls, cast("list[str | None]", found), strict=True):
            with suppress(ValueError):
                versions[poll] = read_exclusion(stored).version
        return versions

    async def exclude(self, poll: str, exclusion: Exclusion, ends: Sequence[int]) -> bool:
        """Replace what rulings take of a poll, in one step; return whether that was done.

        It is not, if the tally has a newer version, or has not counted all records before these
        offsets, one for each partition.
        """
        arguments: list[str | int] = [exclusion_field(poll), exclusion.encode(), exclusion.version]
        for partition, end in enumerate(ends):
            arguments += (position_field(partition), end - 1)
        with translated():
            return bool(await self._exclude(keys=[TALLY_KEY], args=arguments))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
