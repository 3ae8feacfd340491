-- KEYS: epoch, due, hold, done, outcome, then the counters of all bookings.
-- ARGV: now, root, nonce, keep, whether to come again, hold id, bit in done, delivery, whether it was delivered before,
-- milliseconds that the outcome is kept, then of each booking: the charge, what was used, what was booked before.
if comes_again then
  return answer('again')
end
local id, bit, delivery = ARGV[6], ARGV[7], ARGV[8]
local DONE, OUTCOME = KEYS[4], KEYS[5]

local how, own = 'on time', {}

if redis.call('GETBIT', DONE, bit) == 1 then
  if ARGV[9] == '0' then
    return answer('repeated', own)
  end
  -- The answer to an earlier delivery was lost: it is given again. What has no outcome was on time, and crossed nothing.
  local packed = redis.call('GET', OUTCOME)
  local outcome = packed and cmsgpack.unpack(packed)
  if outcome and outcome[1] ~= delivery then
    return answer('repeated', own)
  end
  return answer(outcome and outcome[2] or how, outcome and outcome[3] or own)
end

local bookings = {}
for i = 11, #ARGV, 3 do
  bookings[#bookings + 1] = {
    charge = read_charge(ARGV[i]),
    actual = tonumber(ARGV[i + 1]),
    booked = tonumber(ARGV[i + 2]),
  }
end

-- The booking in a charge's place, or else the first of its counter. A charge without one used nothing.
local function actual(charge, position)
  local booking = bookings[position]
  if booking and booking.charge.key == charge.key then
    return booking.actual
  end
  for _, booking in ipairs(bookings) do
    if booking.charge.key == charge.key then
      return booking.actual
    end
  end
  return 0
end

local hold = hold_of(id)
if not hold then
  how = 'unknown'
  for _, booking in ipairs(bookings) do
    judge(book(booking.charge, booking.booked, booking.actual), booking.charge, own)
  end
else
  if hold[1] == 'x' then
    how = 'late'
  end
  each_applied(hold, function(charge, high, low, position)
    local used, state = actual(charge, position), nil
    if how == 'late' then
      state = settle_late(charge, high, low, used)
    else
      state = settle(charge, high, low, used, NOW)
    end
    judge(state, charge, own)
  end)
  gone[#gone + 1], closed[#closed + 1] = id, id
  opened[id] = nil
end
local reply = answer(how, own)
redis.call('SETBIT', DONE, bit, 1)
keep(DONE, text(KEEP / 1000))
if how ~= 'on time' or #own > 0 then
  redis.call('SET', OUTCOME, cmsgpack.pack({ delivery, how, own }), 'PX', ARGV[10])
end
return reply
