"""The tally in Redis: one hash, so that counters and positions are lost together or not at all."""

from collections.abc import Sequence
from typing import Final, cast

from voting.domain.tally import Tally
from voting.domain.vote import Route
from voting.stores.errors import NO_POSITION
from voting.stores.tally_fields import counter_fields, parse_tally, position_field, route_field
from voting.stores.tally_reader import STORE, TALLY_KEY, connect, translated

__all__ = ["ADVANCE", "MAX_COUNTERS", "MAX_VOTES", "STORE", "TALLY_KEY", "TallyStore", "translated"]

# Counters that one call of the script may move: each is two values of its HSET, and Lua's
# unpack() takes fewer than 8,000.
MAX_COUNTERS: Final = 3900
# Votes that one call may count, whatever they are: each can bring two counters of its own.
MAX_VOTES: Final = 1000

# Counters and position move in ONE write command. Several would be a MULTI ... EXEC in the
# append-only file, and a torn one of those is applied at the second restart after the crash.
ADVANCE: Final = """
local position = redis.call('HGET', KEYS[1], ARGV[1]) or ARGV[4]
if position ~= ARGV[2] then return position end
local write, fields = {ARGV[1], ARGV[3]}, {}
for i = 5, #ARGV, 2 do fields[#fields + 1] = ARGV[i] end
if #fields > 0 then
  local counts = redis.call('HMGET', KEYS[1], unpack(fields))
  for i, field in ipairs(fields) do
    write[2 * i + 1] = field
    write[2 * i + 2] = string.format('%.0f', (counts[i] or 0) + ARGV[2 * i + 4])
  end
end
redis.call('HSET', KEYS[1], unpack(write))
return ARGV[3]
"""

# A write: what a Redis that only answers reads (a replica, or one that is full) refuses.
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
        """Return the whole tally as it stands at one moment."""
        return parse_tally(await self.fields())

    async def fields(self) -> dict[str, str]:
        """Return the whole hash as it stands at one moment, whether or not it can be read."""
        with translated():
            fields = await self._redis.hgetall(TALLY_KEY)
        return cast("dict[str, str]", fields)

    async def route_votes(self) -> dict[Route, int]:
        """Return how many votes of each route are counted; cheaper than the whole tally."""
        with translated():
            stored = await self._redis.hmget(TALLY_KEY, [route_field(route) for route in Route])
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
        """Return the position of a partition, having written it back as it is.

        So it can be written, not only read, where this succeeds. Nothing is claimed: only the
        vote log has owners.
        """
        with translated():
            position: str = await self._claim(
                keys=[TALLY_KEY], args=[position_field(partition), NO_POSITION]
            )
        return position

    async def advance(self, partition: int, expected: str, position: str, delta: Tally) -> str:
        """Add `delta` and move a partition from `expected` to `position`, both or nothing.

        Returns the position that is stored afterwards. Another one than `position` means that
        the tally was not at `expected` and is unchanged. To repeat a call is harmless. `delta`
        has at most `MAX_COUNTERS` counters, as every one of `MAX_VOTES` votes does.
        """
        arguments: list[str | int] = [position_field(partition), expected, position, NO_POSITION]
        for field, increment in counter_fields(delta).items():
            arguments += (field, increment)
        with translated():
            stored: str = await self._advance(keys=[TALLY_KEY], args=arguments)
        return stored

    async def close(self) -> None:
        """End the connections."""
        await self._redis.aclose()
