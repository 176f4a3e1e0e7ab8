"""The tally in Redis: a single hash, so that counters and positions can only be lost together."""

from collections.abc import Sequence
from typing import Final, cast

from voting.domain.tally import Tally
from voting.domain.vote import Route
from voting.stores.errors import NO_POSITION
from voting.stores.tally_fields import (
    POLL_FIELDS,
    POLL_PREFIX,
    counter_fields,
    parse_tally,
    poll_route_field,
    position_field,
    route_field,
)
from voting.stores.tally_reader import STORE, TALLY_KEY, connect, translated

__all__ = ["ADVANCE", "MAX_COUNTERS", "MAX_VOTES", "STORE", "TALLY_KEY", "TallyStore", "translated"]

# Counters per call of the script: each is two values of its HSET, and Lua's unpack() takes fewer
# than 8,000.
MAX_COUNTERS: Final = 3900
# Votes per call, whatever they are: each may add three counters of its own, when each is in a poll
# of its own; and one more counts the fields of polls.
MAX_VOTES: Final = 1000

# Counters and position change in ONE write command. Several would be a MULTI ... EXEC in the
# append-only file, and Redis applies a torn one at the second restart after a crash.
ADVANCE: Final = f"""
local position = redis.call('HGET', KEYS[1], ARGV[1]) or ARGV[4]
if position ~= ARGV[2] then return position end
local write, fields, of_polls = {{ARGV[1], ARGV[3]}}, {{}}, 0
for i = 5, #ARGV, 2 do fields[#fields + 1] = ARGV[i] end
if #fields > 0 then
  local counts = redis.call('HMGET', KEYS[1], unpack(fields))
  for i, field in ipairs(fields) do
    write[2 * i + 1] = field
    write[2 * i + 2] = string.format('%.0f', (counts[i] or 0) + ARGV[2 * i + 4])
    if not counts[i] and string.sub(field, 1, {len(POLL_PREFIX)}) == '{POLL_PREFIX}' then
      of_polls = of_polls + 1
    end
  end
end
if of_polls > 0 then
  write[#write + 1] = '{POLL_FIELDS}'
  write[#write + 1] = (redis.call('HGET', KEYS[1], '{POLL_FIELDS}') or 0) + of_polls
end
redis.call('HSET', KEYS[1], unpack(write))
return ARGV[3]
"""

# A write, which a Redis that only answers reads (a replica, or a full one) refuses.
_CLAIM: Final = """
local position = redis.call('HGET', KEYS[1], ARGV[1]) or ARGV[2]
redis.call('HSET', KEYS[1], ARGV[1], position)
return position
"""


class TallyStore:
    """The tally in the Redis at `redis_url`; every method may raise `StoreUnavailableError`."""

    def __init__(self, redis_url: str) -> None:
        self._redis = connect(redis_url, decode=True)
        self._advance = self._redis.register_script(ADVANCE)
        self._claim = self._redis.register_script(_CLAIM)

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

    async def advance(self, partition: int, expected: str, position: str, delta: Tally) -> str:
        """Add `delta` and move a partition from `expected` to `position`, both or nothing.

        Returns the position stored afterwards. If it is not `position`, the tally was not at
        `expected` and is unchanged. Repeating a call is harmless. `delta` has at most
        `MAX_COUNTERS` counters, which `MAX_VOTES` votes never exceed.
        """
        arguments: list[str | int] = [position_field(partition), expected, position, NO_POSITION]
        for field, increment in counter_fields(delta).items():
            arguments += (field, increment)
        with translated():
            stored: str = await self._advance(keys=[TALLY_KEY], args=arguments)
        return stored

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
