// The writes of the live state in Redis that must be one, as Lua. Each script is one method of RedisWire (redis-wire.ts).
//
// Every key begins with the same tag, `{prefix}`, so all of them are in one slot of a cluster, and a node's end, which touches every
// map, is one write. The keys (`key 'x'` is `{prefix}:x`):
//   seq         hash: epoch (new when Redis has lost everything) and the number of the newest change
//   nodes       hash: node → what it says of itself              beats     sorted set: node → until when it counts as alive
//   entries     hash: map, line end, key → packed entry          expiries  sorted set: the same → when it ends
//   owned:NODE  set of entries, for the day it dies              beaten    when any node was last heard
//   changes, topics, inbox:NODE, logged:LOG   streams            log:LOG, snapshot:LOG   hashes
//   lease:NAME, fence:NAME, token:HASH
// A packed entry is owner|flags|expiresAt|value; flags are k (to be kept when the owner dies) and o (orphan). Values are not read here:
// cjson would turn [] into {} and round large numbers.
// The clock is Redis' own. Numbers become text with '%.0f', because Lua writes 1.7e+12 otherwise.

const prelude = `
local base, me = ARGV[1], ARGV[2]
local function key(name) return base .. name end
local function text(number) return string.format('%.0f', number) end
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function member() return redis.call('HEXISTS', key 'nodes', me) == 1 end
local function announce(...)
  local n = redis.call('HINCRBY', key 'seq', 'changes', 1)
  redis.call('XADD', key 'changes', 'MAXLEN', '~', 20000, '*', 'n', n, ...)
end
local function announceMany(kind, because, fields)
  for first = 1, #fields, 200 do
    local words = {'t', kind, 'b', because}
    for i = first, math.min(first + 199, #fields) do
      words[#words + 1] = 'f'
      words[#words + 1] = fields[i]
    end
    announce(unpack(words))
  end
end
local function head(packed)
  local owner, flags, at, rest = string.match(packed, '^([^|]*)|([^|]*)|([^|]*)|()')
  return owner, flags, tonumber(at), rest
end
local function last(stream)
  local entry = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  return entry and entry[1] or '0-0'
end
local function entryAt(stream, place)
  local entry = redis.call('XRANGE', stream, place, place)[1]
  if not entry then return nil end
  for i = 1, #entry[2], 2 do if entry[2][i] == 'n' then return entry[2][i + 1] end end
end
`;

/** What a node's end is, for those who notice it and for the node that leaves. */
const endNode = `
local function endNode(id, because, orphanMs)
  redis.call('HDEL', key 'nodes', id)
  redis.call('ZREM', key 'beats', id)
  redis.call('DEL', key('inbox:' .. id))
  announce('t', 'gone', 'i', id, 'b', because)
  local until_ = text(clock() + orphanMs)
  local dropped, kept = {}, {}
  for _, field in ipairs(redis.call('SMEMBERS', key('owned:' .. id))) do
    local packed = redis.call('HGET', key 'entries', field)
    local owner, flags, at, rest
    if packed then owner, flags, at, rest = head(packed) end
    if owner == id and string.find(flags, 'k') then
      redis.call('HSET', key 'entries', field, owner .. '|ko|' .. until_ .. '|' .. string.sub(packed, rest))
      redis.call('ZADD', key 'expiries', until_, field)
      kept[#kept + 1] = field
    elseif owner == id then
      redis.call('HDEL', key 'entries', field)
      redis.call('ZREM', key 'expiries', field)
      dropped[#dropped + 1] = field
    end
  end
  redis.call('DEL', key('owned:' .. id))
  announceMany('removed', 'owner-gone', dropped)
  announceMany('orphaned', '', kept)
end
`;

const ownOrder = `
local function orderOf(log, newEpoch)
  local epoch = redis.call('HGET', key('log:' .. log), 'epoch')
  if not epoch then
    redis.call('DEL', key('logged:' .. log), key('snapshot:' .. log))
    redis.call('HSET', key('log:' .. log), 'epoch', newEpoch, 'n', 0)
    epoch = newEpoch
  end
  return epoch
end
local function keepLog(log, keepMs)
  for _, part in ipairs({'log:', 'logged:', 'snapshot:'}) do redis.call('PEXPIRE', key(part .. log), keepMs) end
end
`;

export const scripts = {
  join: `${prelude}
local node, knownEpoch, knownPlace, knownN, newEpoch, lapseMs = unpack(ARGV, 3)
local epoch = redis.call('HGET', key 'seq', 'epoch')
if not epoch then
  redis.call('DEL', key 'nodes', key 'beats', key 'entries', key 'expiries', key 'changes', key 'topics')
  redis.call('HSET', key 'seq', 'epoch', newEpoch)
  epoch = newEpoch
end
local continuous = 0
if knownEpoch == epoch and (knownN == '0' or entryAt(key 'changes', knownPlace) == knownN) then continuous = 1 end
local was = redis.call('HGET', key 'nodes', me)
if was ~= node then
  redis.call('HSET', key 'nodes', me, node)
  announce('t', 'node', 'v', node)
end
local at = clock()
redis.call('ZADD', key 'beats', text(at + lapseMs), me)
return {
  epoch, was and 1 or 0, continuous, last(key 'changes'), redis.call('HGET', key 'seq', 'changes') or '0', text(at),
  last(key 'topics'), redis.call('HVALS', key 'nodes'), redis.call('HGETALL', key 'entries'),
}`,

  // Says that this node lives, declares those dead that do not, ends entries whose time is over, and keeps everything that is in
  // use from leaving Redis. When nobody was heard for half a lapse, the server was away and not the nodes: all get a whole lapse.
  beat: `${prelude}${endNode}${ownOrder}
local lapseMs, orphanMs, keepMs, newEpoch = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6]
local at = clock()
local heard = tonumber(redis.call('GET', key 'beaten') or '0')
redis.call('SET', key 'beaten', text(at), 'PX', keepMs)
if member() then
  local alive = text(at + lapseMs)
  if at - heard > lapseMs / 2 then
    for _, id in ipairs(redis.call('ZRANGE', key 'beats', 0, -1)) do redis.call('ZADD', key 'beats', alive, id) end
  end
  redis.call('ZADD', key 'beats', alive, me)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key 'beats', '-inf', text(at))) do endNode(id, 'lapsed', orphanMs) end
  local due = redis.call('ZRANGEBYSCORE', key 'expiries', '-inf', text(at), 'LIMIT', 0, 1000)
  for _, field in ipairs(due) do
    local packed = redis.call('HGET', key 'entries', field)
    if packed then redis.call('SREM', key('owned:' .. head(packed)), field) end
    redis.call('HDEL', key 'entries', field)
    redis.call('ZREM', key 'expiries', field)
  end
  announceMany('removed', 'expired', due)
  for _, name in ipairs({'seq', 'nodes', 'beats', 'entries', 'expiries', 'changes', 'topics', 'owned:' .. me}) do
    redis.call('PEXPIRE', key(name), keepMs)
  end
end
local reply = {member() and 1 or 0, redis.call('HGET', key 'seq', 'epoch') or '', redis.call('HGET', key 'seq', 'changes') or '0', text(at)}
for i = 7, #ARGV do
  reply[#reply + 1] = ARGV[i]
  reply[#reply + 1] = orderOf(ARGV[i], newEpoch)
  reply[#reply + 1] = redis.call('HGET', key('log:' .. ARGV[i]), 'n')
  keepLog(ARGV[i], keepMs)
end
return reply`,

  describe: `${prelude}
if not member() then return 'not-member' end
redis.call('HSET', key 'nodes', me, ARGV[3])
announce('t', 'node', 'v', ARGV[3])
return 'done'`,

  put: `${prelude}
if not member() then return 'not-member' end
local field, value, ttlMs, keep, writeId, claim = unpack(ARGV, 3)
local before = redis.call('HGET', key 'entries', field)
local owner, flags, at
if before then owner, flags, at = head(before) end
if claim == '1' and before and owner ~= me and not string.find(flags, 'o') and (at == 0 or at > clock()) then return {owner} end
if before and owner ~= me then redis.call('SREM', key('owned:' .. owner), field) end
local ends = '0'
if ttlMs ~= '0' then
  ends = text(clock() + ttlMs)
  redis.call('ZADD', key 'expiries', ends, field)
elseif before and at ~= 0 then
  redis.call('ZREM', key 'expiries', field)
end
local packed = me .. '|' .. keep .. '|' .. ends .. '|' .. value
redis.call('HSET', key 'entries', field, packed)
redis.call('SADD', key('owned:' .. me), field)
announce('t', 'put', 'f', field, 'v', packed, 'w', writeId)
return {}`,

  remove: `${prelude}
if not member() then return 'not-member' end
local field, writeId = ARGV[3], ARGV[4]
local before = redis.call('HGET', key 'entries', field)
local owner, flags
if before then owner, flags = head(before) end
if before and (owner == me or string.find(flags, 'o')) then
  redis.call('HDEL', key 'entries', field)
  redis.call('ZREM', key 'expiries', field)
  redis.call('SREM', key('owned:' .. owner), field)
  announce('t', 'removed', 'b', 'removed', 'f', field, 'w', writeId)
else
  announce('t', 'kept', 'f', field, 'w', writeId)
end
return 'done'`,

  append: `${prelude}${ownOrder}
if not member() then return 'not-member' end
local log, known, value, newEpoch, keepMs = unpack(ARGV, 3)
local epoch = orderOf(log, newEpoch)
if known ~= '' and known ~= epoch then return 'other-epoch' end
local n = redis.call('HINCRBY', key('log:' .. log), 'n', 1)
local place = redis.call('XADD', key('logged:' .. log), 'MAXLEN', '~', 100000, '*', 'n', n, 'e', epoch, 'i', me, 'v', value)
if n % 1000 == 1 then keepLog(log, keepMs) end
return {place}`,

  openLog: `${prelude}${ownOrder}
local log, known, place, n, newEpoch = unpack(ARGV, 3)
local epoch = orderOf(log, newEpoch)
local snapshot = redis.call('HMGET', key('snapshot:' .. log), 'place', 'n', 'value')
local verdict = 'restart'
if known ~= '' and known ~= epoch then
  verdict = 'lost'
elseif known ~= '' and place ~= '' then
  if entryAt(key('logged:' .. log), place) == n then
    verdict = 'continue'
  elseif not snapshot[2] or tonumber(snapshot[2]) < tonumber(n) then
    verdict, snapshot = 'lost', {}
    redis.call('DEL', key('log:' .. log))
    epoch = orderOf(log, newEpoch)
  end
end
return {epoch, verdict, snapshot[1] or '', snapshot[2] or '', snapshot[3] or ''}`,

  // Places are compared as numbers before and after the hyphen. Who reads between the two snapshots goes on without starting over.
  saveSnapshot: `${prelude}
local log, epoch, place, value = unpack(ARGV, 3)
if redis.call('HGET', key('log:' .. log), 'epoch') ~= epoch then return 0 end
local n = entryAt(key('logged:' .. log), place)
local before = redis.call('HMGET', key('snapshot:' .. log), 'place', 'n')
if not n or (before[2] and tonumber(before[2]) >= tonumber(n)) then return 0 end
redis.call('HSET', key('snapshot:' .. log), 'place', place, 'n', n, 'value', value)
if before[1] then redis.call('XTRIM', key('logged:' .. log), 'MINID', before[1]) end
return 1`,

  // The fence is at least the clock, so that it grows though Redis has forgotten the last one.
  acquireLease: `${prelude}
if not member() then return 'not-member' end
local name, ttlMs, holder, keepMs = unpack(ARGV, 3)
if redis.call('EXISTS', key('lease:' .. name)) == 1 then return 'held' end
local fence = text(math.max(tonumber(redis.call('GET', key('fence:' .. name)) or '0') + 1, clock()))
redis.call('SET', key('fence:' .. name), fence, 'PX', keepMs)
redis.call('SET', key('lease:' .. name), holder, 'PX', ttlMs)
return {fence}`,

  renewLease: `${prelude}
local name, ttlMs, holder = unpack(ARGV, 3)
if redis.call('GET', key('lease:' .. name)) ~= holder then return 0 end
return redis.call('PEXPIRE', key('lease:' .. name), ttlMs)`,

  releaseLease: `${prelude}
local name, holder = unpack(ARGV, 3)
if redis.call('GET', key('lease:' .. name)) ~= holder then return 0 end
return redis.call('DEL', key('lease:' .. name))`,

  takeToken: `${prelude}
local name, limit, windowMs, id = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local at = clock()
redis.call('ZREMRANGEBYSCORE', key('token:' .. name), '-inf', text(at - windowMs))
if redis.call('ZCARD', key('token:' .. name)) < limit then
  redis.call('ZADD', key('token:' .. name), text(at), id)
  redis.call('PEXPIRE', key('token:' .. name), windowMs)
  return {1, '0'}
end
local oldest = redis.call('ZRANGE', key('token:' .. name), 0, 0, 'WITHSCORES')[2]
return {0, text(math.max(1, (tonumber(oldest) or at) + windowMs - at))}`,

  // A letter that nobody fetched within a minute is answered to by nobody.
  post: `${prelude}
if not member() then return 'not-member' end
local to, kind, id, value, code = unpack(ARGV, 3)
if redis.call('HEXISTS', key 'nodes', to) == 0 then return 0 end
redis.call('XADD', key('inbox:' .. to), 'MAXLEN', '~', 1000, '*', 'k', kind, 'id', id, 'i', me, 'v', value, 'c', code)
redis.call('PEXPIRE', key('inbox:' .. to), 60000)
return 1`,

  publish: `${prelude}
if not member() then return 'not-member' end
redis.call('XADD', key 'topics', 'MAXLEN', '~', 10000, '*', 't', ARGV[3], 'i', me, 'v', ARGV[4])
return 'done'`,

  leave: `${prelude}${endNode}
if member() then endNode(me, 'left', tonumber(ARGV[3])) end
return 'done'`,
} as const;

export type ScriptName = keyof typeof scripts;
