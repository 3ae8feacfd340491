-- Counters and the charges on them. Nothing is written before `flush`: a script that fails on its way has done nothing.
local DAY = 86400000000
local FOREVER = 4398046511104 -- milliseconds; more than any server takes for an expiry to be in the future
local ROOT = ARGV[2]
local KEEP = tonumber(ARGV[4]) -- microseconds that an open hold and a settlement on its way may still need

local NOW = tonumber(ARGV[1])
if not NOW then
  local time = redis.call('TIME')
  NOW = time[1] * 1000000 + time[2]
end

local read = {} -- charges by line

-- A charge as the caller wrote it, and as a hold remembers it: src/store/redis/encode.rs.
local function read_charge(line)
  local charge = read[line]
  if charge then
    return charge
  end
  local kind, amount, cap, a, b, kept, enforcement, downgrades, alerts, length, at =
    string.match(line, '^(%a) (%d+) (%d+) (%-?%d+) (%-?%d+) ([01]) (%a)([01])%a%a ([%d,]*) (%d+) ()')
  local name_end = at + length
  amount = tonumber(amount)
  charge = {
    line = line,
    kind = kind,
    amount = amount,
    cap = tonumber(cap),
    a = tonumber(a), -- refill, or the period's start
    b = tonumber(b), -- every, or the period's end
    kept = kept == '1' and amount or 0,
    enforcement = enforcement,
    downgrades = downgrades == '1',
    alerts = alerts,
    key = ROOT .. string.sub(line, at, name_end - 1),
  }
  read[line] = charge
  return charge
end

local function fresh(kind, now)
  if kind == 'b' then
    -- The start tells this bucket's marks from those of one that was forgotten: they are smaller, so all of them has left.
    return { kind = 'b', level = 0, high = now, low = 0, leaked_at = now, carry = 0, would_block = 0 }
  elseif kind == 'p' then
    return { kind = 'p', used = 0, held = 0, would_block = 0, crossed = ',' }
  end
  return { kind = 'g', held = 0, would_block = 0 }
end

local function read_state(line, key)
  local kind = string.sub(line, 1, 1)
  local n, rest = {}, string.sub(line, 2)
  for number in string.gmatch(rest, ' (%d+)') do
    n[#n + 1] = tonumber(number)
  end
  if kind == 'b' and n[6] then
    return { kind = 'b', level = n[1], high = n[2], low = n[3], leaked_at = n[4], carry = n[5], would_block = n[6] }
  elseif kind == 'p' and n[3] then
    return { kind = 'p', used = n[1], held = n[2], would_block = n[3], crossed = string.match(line, ',[%d,]*$') }
  elseif kind == 'g' and n[2] then
    return { kind = 'g', held = n[1], would_block = n[2] }
  end
  error('the key ' .. key .. ' is not a counter of this store')
end

local function write_state(state)
  if state.kind == 'b' then
    return string.format('b %.0f %.0f %.0f %.0f %.0f %.0f',
      state.level, state.high, state.low, state.leaked_at, state.carry, state.would_block)
  elseif state.kind == 'p' then
    return string.format('p %.0f %.0f %.0f %s', state.used, state.held, state.would_block, state.crossed)
  end
  return string.format('g %.0f %.0f', state.held, state.would_block)
end

local counters = {} -- by key: the state, or false where there is none
local changed = {} -- by key: the charge that was last booked

local function stored(key)
  local state = counters[key]
  if state == nil then
    local line = redis.call('GET', key)
    state = line and read_state(line, key)
    counters[key] = state
  end
  return state
end

local function copy(state)
  local draft = {}
  for field, value in pairs(state) do
    draft[field] = value
  end
  return draft
end

-- The state under a charge's rule at a time: of the rule's kind, and leaked.
local function at(state, charge, now)
  if not state or state.kind ~= charge.kind then
    state = fresh(charge.kind, now)
  end
  if charge.kind == 'b' then
    leak(state, charge.a, charge.b, now)
  end
  return state
end

-- A counter to be booked to.
local function booked(charge, now)
  local state = at(stored(charge.key), charge, now)
  counters[charge.key], changed[charge.key] = state, charge
  return state
end

local function fits(state, charge)
  local taken = state.kind == 'b' and state.level or state.kind == 'g' and state.held or state.used + state.held
  return taken + charge.amount <= charge.cap
end

-- Applies a charge, and returns its mark.
local function apply(state, charge)
  if state.kind == 'b' then
    state.level = sum(state.level, charge.amount)
    return plus(state.high, state.low, state.level)
  end
  state.held = sum(state.held, charge.amount)
  return 0, 0
end

local function settle(charge, high, low, actual, now)
  local state = booked(charge, now)
  if state.kind == 'b' then
    settle_bucket(state, high, low, charge.amount, actual)
  else
    state.held = less(state.held, charge.amount)
    if state.kind == 'p' then
      state.used = sum(state.used, actual)
    end
  end
  return state
end

local function settle_late(charge, high, low, actual)
  local state = booked(charge, NOW)
  if state.kind == 'b' then
    settle_bucket(state, high, low, charge.kept, actual)
  elseif state.kind == 'p' then
    state.used = less(sum(state.used, less(actual, charge.kept)), less(charge.kept, actual))
  end
  return state
end

-- Books what nobody has reserved, in the place of what was booked before.
local function book(charge, before, actual)
  local state = booked(charge, NOW)
  if state.kind == 'b' then
    state.level = sum(state.level, less(actual, before))
  elseif state.kind == 'p' then
    state.used = less(sum(state.used, less(actual, before)), less(before, actual))
  end
  return state
end

-- Marks the thresholds that the usage has reached, and adds those that had no mark.
local function judge(state, charge, crossings)
  if state.kind ~= 'p' then
    return
  end
  for percent in string.gmatch(charge.alerts, '%d+') do
    if state.used >= threshold(charge.cap, tonumber(percent))
      and not string.find(state.crossed, ',' .. percent .. ',', 1, true) then
      state.crossed = state.crossed .. percent .. ','
      crossings[#crossings + 1] = charge.line
      crossings[#crossings + 1] = percent
      crossings[#crossings + 1] = text(state.used)
    end
  end
end

-- For how many milliseconds a counter has something to tell.
local function lifetime(state, charge)
  local time
  if state.kind == 'p' then
    time = less(charge.b, NOW) + DAY
  elseif state.kind == 'g' then
    time = DAY + KEEP
  else
    -- A dry bucket is like a fresh one; but an open hold may have its mark.
    time = KEEP
    if state.level > 0 then
      time = time + (charge.a == 0 and FOREVER * 1000 or state.level * charge.b / charge.a)
    end
    if state.would_block > 0 then
      time = time + DAY
    end
  end
  return text(math.min(math.ceil(time / 1000), FOREVER))
end

local function is_fresh(state)
  return state.kind ~= 'b' and state.held == 0 and state.would_block == 0
    and (state.kind == 'g' or state.used == 0 and state.crossed == ',')
end

local function write_counters()
  for key, charge in pairs(changed) do
    local state = counters[key]
    if is_fresh(state) then
      redis.call('DEL', key)
    else
      redis.call('SET', key, write_state(state), 'PX', lifetime(state, charge))
    end
  end
end

-- Puts off a key's end, never forward.
local function keep(key, milliseconds)
  if redis.call('PTTL', key) < tonumber(milliseconds) then
    redis.call('PEXPIRE', key, milliseconds)
  end
end
