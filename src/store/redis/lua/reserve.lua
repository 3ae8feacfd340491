-- KEYS: epoch, due, hold, done, then the counters of all candidates.
-- ARGV: now, root, nonce, keep, whether to come again, hold id, bit in done, expires in, then of each candidate: how many
-- charges, and these.
if comes_again then
  return answer('again')
end
local id, bit, expires_in = ARGV[6], ARGV[7], tonumber(ARGV[8])
local TOLERANCE = 5000000

local hold = hold_of(id)
if hold and hold[1] == 'o' then
  local charges = {}
  for i = 4, #hold, 4 do
    local state = stored(read_charge(hold[i]).key)
    charges[#charges + 1] = { hold[i], state and write_state(state) or '', text(hold[i + 1]) }
  end
  return answer('open', text(hold[2]), charges)
end
if hold or redis.call('GETBIT', KEYS[4], bit) == 1 then
  return answer('closed')
end

local candidates, position = {}, 9
while ARGV[position] do
  local charges = {}
  for i = 1, tonumber(ARGV[position]) do
    local charge = read_charge(ARGV[position + i])
    if charge.kind == 'p' and (NOW + TOLERANCE < charge.a or NOW - TOLERANCE >= charge.b) then
      return answer('wrong period')
    end
    charges[i] = charge
  end
  candidates[#candidates + 1] = charges
  position = position + #charges + 1
end

-- Tries a candidate on copies: the drafted counters and the hold, or nothing and whether the next one may be tried.
local function attempt(number, charges)
  local drafts, refused, passes_on = {}, false, true
  local hold = { 'o', number - 1, NOW + expires_in }
  for _, charge in ipairs(charges) do
    local state = drafts[charge.key]
    if not state then
      state = stored(charge.key)
      state = state and copy(state)
    end
    state = at(state, charge, NOW)
    drafts[charge.key] = state
    local applied, high, low = 0, 0, 0
    if fits(state, charge) or charge.enforcement == 's' then
      applied = 1
      high, low = apply(state, charge)
    elseif charge.enforcement == 'd' then
      state.would_block = sum(state.would_block, 1)
    else
      refused, passes_on = true, passes_on and charge.downgrades
    end
    hold[#hold + 1] = charge.line
    hold[#hold + 1] = applied
    hold[#hold + 1] = high
    hold[#hold + 1] = low
  end
  if refused then
    return nil, passes_on
  end
  return drafts, hold
end

-- The counters of some charges, as they stand.
local function states(charges)
  local lines = {}
  for i, charge in ipairs(charges) do
    local state = stored(charge.key)
    lines[i] = state and write_state(state) or ''
  end
  return lines
end

local tried = {}
for number, charges in ipairs(candidates) do
  local drafts, outcome = attempt(number, charges)
  if drafts then
    for _, charge in ipairs(charges) do
      counters[charge.key], changed[charge.key] = drafts[charge.key], charge
    end
    holds[id], opened[id] = outcome, true
    local would_block = {}
    for i = 4, #outcome, 4 do
      if outcome[i + 1] == 0 then
        would_block[#would_block + 1] = text((i - 4) / 4)
      end
    end
    return answer('granted', text(number - 1), states(charges), would_block)
  end
  tried[number] = states(charges)
  if not outcome then
    break
  end
end
return answer('refused', tried)
