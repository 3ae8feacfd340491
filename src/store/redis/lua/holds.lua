-- Holds, and what every script does first and last.
local EPOCH, DUE = KEYS[1], KEYS[2]
local MOST_AT_ONCE = 128

local holds = {} -- by id: the record, or false where there is none
local gone, closed, opened = {}, {}, {} -- ids: no longer open; to be forgotten; to be written
local crossings = {} -- of expired holds: charge, percent, usage

local function hold_key(id)
  return ROOT .. ':h:' .. id
end

-- { status, candidate, expires at, then of each charge: line, whether it was applied, its mark in two parts }
local function hold_of(id)
  if holds[id] == nil then
    local packed = redis.call('GET', hold_key(id))
    holds[id] = packed and cmsgpack.unpack(packed)
  end
  return holds[id]
end

-- Calls `book` with each charge of a hold that was applied: the charge, its mark, its position.
local function each_applied(hold, book)
  for i = 4, #hold, 4 do
    if hold[i + 1] == 1 then
      book(read_charge(hold[i]), hold[i + 2], hold[i + 3], i / 4)
    end
  end
end

local function expire(id, expires_at)
  local hold = hold_of(id)
  gone[#gone + 1] = id
  if not hold then
    return
  end
  each_applied(hold, function(charge, high, low)
    judge(settle(charge, high, low, charge.kept, expires_at), charge, crossings)
  end)
  hold[1] = 'x'
  opened[id] = true
end

-- Gives up the holds that are due, in the order of their expiry and as of that time; whether all of them.
local function expire_due()
  local due = redis.call('ZRANGEBYSCORE', DUE, '-inf', text(NOW), 'WITHSCORES', 'LIMIT', 0, MOST_AT_ONCE + 1)
  for i = 1, math.min(#due, 2 * MOST_AT_ONCE), 2 do
    expire(due[i], tonumber(due[i + 1]))
  end
  return #due <= 2 * MOST_AT_ONCE
end

-- How many milliseconds a hold's key is kept: open, until all of its counters are forgotten, whether somebody comes to expire
-- it or not; expired, as long as its settlement may come.
local function hold_lifetime(hold)
  local time = KEEP
  if hold[1] == 'o' then
    time = less(hold[3], NOW) + KEEP + DAY
    for i = 4, #hold, 4 do
      local charge = read_charge(hold[i])
      if charge.kind == 'p' then
        time = math.max(time, less(charge.b, NOW) + DAY)
      end
    end
  end
  return text(math.min(math.ceil(time / 1000), FOREVER))
end

local function write_hold(id)
  local hold = holds[id]
  local milliseconds = hold_lifetime(hold)
  redis.call('SET', hold_key(id), cmsgpack.pack(hold), 'PX', milliseconds)
  if hold[1] == 'o' then
    redis.call('ZADD', DUE, text(hold[3]), id)
    keep(DUE, milliseconds)
  end
end

-- The epoch tells a store that has forgotten everything from one that has not. It is written again each day, and
-- forgotten with the last of an organization that nobody hears of.
local epoch, written = string.match(redis.call('GET', EPOCH) or '', '^(%S+) (%d+)$')
local epoch_is_due = not epoch or math.abs(NOW - written) > DAY
epoch = epoch or text(NOW) .. '-' .. ARGV[3]

-- What frees memory is written first: it is let through when there is none left, and all else with it.
local function flush()
  for _, id in ipairs(gone) do
    redis.call('ZREM', DUE, id)
  end
  for _, id in ipairs(closed) do
    redis.call('DEL', hold_key(id))
  end
  write_counters()
  for id in pairs(opened) do
    write_hold(id)
  end
  if epoch_is_due then
    redis.call('SET', EPOCH, epoch .. ' ' .. text(NOW), 'PX', text(100 * DAY / 1000))
  end
end

-- Every answer begins alike.
local function answer(...)
  flush()
  return { text(NOW), epoch, crossings, ... }
end

-- Whether to come again before anything is decided: more holds are due than one script gives up.
local comes_again = not expire_due() and ARGV[5] == '1'
