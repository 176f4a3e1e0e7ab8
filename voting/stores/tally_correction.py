"""Corrects a tally while consumers count, in one step that is atomic for readers.

Counters are corrected by differences, not set, so that votes counted meanwhile stay counted. A mark
in the hash shows that it is still the one for which the differences were computed; a hash that was
emptied or set back lacks it.
"""

from collections.abc import Mapping, Sequence
from itertools import batched
from typing import Final, NamedTuple

from voting.stores.tally_fields import POLL_FIELDS, POLL_PREFIX, position_field
from voting.stores.tally_store import TALLY_KEY, TallyStore, translated

MARK: Final = "rebuild"

_FIELDS_PER_CALL: Final = 1000
_ABANDONED_SECONDS: Final = 3600

# All writes but the last go to a copy, which then replaces the tally. So a torn append-only file,
# whose rest Redis may apply at a second restart, leaves the tally unchanged.
_CORRECT: Final = f"""
local live, copy = KEYS[1], KEYS[2]
if redis.call('HGET', live, ARGV[1]) ~= ARGV[2] then return 0 end
local function add(source)
  local fields = redis.call('HGETALL', source)
  for i = 1, #fields, 2 do
    local stored = redis.call('HGET', copy, fields[i]) or '0'
    local value = (string.match(stored, '^-?%d+$') or 0) + fields[i + 1]
    if value == 0 then redis.call('HDEL', copy, fields[i])
    else redis.call('HSET', copy, fields[i], string.format('%.0f', value)) end
  end
end
redis.call('COPY', live, copy, 'REPLACE')
add(KEYS[3])
for i = 4, #KEYS do
  local field, expected, position = unpack(ARGV, 3 * i - 9, 3 * i - 7)
  if (redis.call('HGET', copy, field) or '') == expected then
    add(KEYS[i])
    redis.call('HSET', copy, field, position)
  end
end
for i = 3 * #KEYS - 6, #ARGV, 3 do
  local field, stored, value = unpack(ARGV, i, i + 2)
  if (redis.call('HGET', copy, field) or '') == stored then
    if value == '' then redis.call('HDEL', copy, field)
    else redis.call('HSET', copy, field, value) end
  end
end
redis.call('HDEL', copy, ARGV[1], '{POLL_FIELDS}')
local of_polls = 0
for _, field in ipairs(redis.call('HKEYS', copy)) do
  if string.sub(field, 1, {len(POLL_PREFIX)}) == '{POLL_PREFIX}' then of_polls = of_polls + 1 end
end
if of_polls > 0 then redis.call('HSET', copy, '{POLL_FIELDS}', of_polls) end
if redis.call('EXISTS', copy) == 1 then redis.call('RENAME', copy, live)
else redis.call('DEL', live) end
return 1
"""


class Move(NamedTuple):
    """Moves a partition of the tally from `expected` to `position`, adding `counters`.

    `expected` is the stored position, "" if there is none.
    """

    partition: int
    expected: str
    position: str
    counters: Mapping[str, int]


class Replacement(NamedTuple):
    """Replaces the value of a field that is not a counter, if it is still `stored`.

    "" stands for no such field.
    """

    field: str
    stored: str
    value: str


class CorrectableTally(TallyStore):
    """A tally that can be corrected; every method may raise `StoreUnavailableError`."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(redis_url)
        self._prepared: set[str] = set()

    async def mark(self, token: str) -> dict[str, str]:
        """Mark the hash and return its contents."""
        with translated():
            await self._redis.hset(TALLY_KEY, MARK, token)
        return await self.fields()

    async def unmark(self, token: str) -> None:
        """Remove a mark and what was prepared for it."""
        with translated():
            if await self._redis.hget(TALLY_KEY, MARK) == token:
                await self._redis.hdel(TALLY_KEY, MARK)
            await self._redis.delete(_key(token, "copy"), *self._prepared)

    async def correct(
        self,
        token: str,
        corrections: Mapping[str, int],
        moves: Sequence[Move],
        replacements: Sequence[Replacement] = (),
    ) -> bool:
        """Add corrections to the counters, and move the partitions that are still as expected.

        Replaces fields that are still as stored.

        Counters that become 0 are removed; an unreadable counter counts as 0. Returns False and
        changes nothing if the hash no longer has the mark.
        """
        sources = [await self._prepare(_key(token, "corrections"), corrections)]
        arguments = [MARK, token]
        for move in moves:
            sources.append(await self._prepare(_key(token, str(move.partition)), move.counters))
            arguments += [position_field(move.partition), move.expected, move.position]
        for replacement in replacements:
            arguments += replacement
        with translated():
            keys = [TALLY_KEY, _key(token, "copy"), *sources]
            done = await self._redis.eval(_CORRECT, len(keys), *keys, *arguments)
        return bool(done)

    async def _prepare(self, key: str, counters: Mapping[str, int]) -> str:
        """Store counters under a key of their own, for the script."""
        self._prepared.add(key)
        with translated():
            await self._redis.delete(key)
            for batch in batched(counters.items(), _FIELDS_PER_CALL, strict=False):
                await self._redis.hset(key, mapping=dict(batch))
            await self._redis.expire(key, _ABANDONED_SECONDS)
        return key


def _key(token: str, name: str) -> str:
    return f"{TALLY_KEY}:rebuild:{token}:{name}"
