-- What `store::arithmetic` says, to the last unit. Numbers are doubles, which count exactly to 2^53: no amount is
-- larger, sums stop there, and products are taken apart.
local TOP = 9007199254740992
local HALF = TOP / 2
local THIRD = 262144

local function text(number)
  return string.format('%.0f', number)
end

-- More than TOP rounds to no less than TOP.
local function sum(a, b)
  return math.min(a + b, TOP)
end

local function less(a, b)
  return math.max(a - b, 0)
end

-- A number in three digits of 18 bits, the lowest first.
local function digits(number)
  local low = number % THIRD
  local rest = (number - low) / THIRD
  local middle = rest % THIRD
  return low, middle, (rest - middle) / THIRD
end

-- a * b - c * d: exact where it is within 2^53, and of the right sign everywhere.
local function difference(a, b, c, d)
  local a0, a1, a2 = digits(a)
  local b0, b1, b2 = digits(b)
  local c0, c1, c2 = digits(c)
  local d0, d1, d2 = digits(d)
  local value = a2 * b2 - c2 * d2
  value = value * THIRD + a2 * b1 + a1 * b2 - c2 * d1 - c1 * d2
  value = value * THIRD + a2 * b0 + a1 * b1 + a0 * b2 - c2 * d0 - c1 * d1 - c0 * d2
  value = value * THIRD + a1 * b0 + a0 * b1 - c1 * d0 - c0 * d1
  return value * THIRD + a0 * b0 - c0 * d0
end

-- How much leaks in a time, and the rest of the division; `most` and no rest where that or more does.
local function leaks(elapsed, refill, carry, every, most)
  local flow = elapsed * refill + carry
  if flow < TOP then
    local whole = math.floor(flow / every)
    return whole, flow - whole * every
  end
  if flow / every > 2 * most then
    return most, 0
  end
  -- Some units off at most, which the exact rest tells; it is small, since `every` is at most 2^50.
  local whole = math.min(math.floor(flow / every), most)
  local rest = difference(elapsed, refill, whole, every) + carry
  while rest < 0 do
    whole, rest = whole - 1, rest + every
  end
  while rest >= every and whole < most do
    whole, rest = whole + 1, rest - every
  end
  return whole, rest
end

-- What ever left a bucket grows beyond 2^53, so it stands in two parts: `high` * 2^52 + `low`.
local function plus(high, low, amount)
  local under = amount % HALF
  high, low = high + (amount - under) / HALF, low + under
  if low >= HALF then
    return high + 1, low - HALF
  end
  return high, low
end

-- How far such a number is above another one, none if it is below. No more than a level, so no more than TOP.
local function above(high, low, other_high, other_low)
  local parts = high - other_high
  if parts < 0 then
    return 0
  end
  if parts > 2 then
    return TOP
  end
  return less(parts * HALF, other_low - low)
end

local function drain(bucket, amount)
  amount = math.min(amount, bucket.level)
  bucket.level = bucket.level - amount
  bucket.high, bucket.low = plus(bucket.high, bucket.low, amount)
  if bucket.level == 0 then
    bucket.carry = 0
  end
end

local function leak(bucket, refill, every, now)
  local elapsed = less(now, bucket.leaked_at)
  bucket.leaked_at = math.max(bucket.leaked_at, now)
  local carry = math.min(bucket.carry, every - 1)
  local amount, rest = leaks(elapsed, refill, carry, every, bucket.level)
  bucket.carry = rest
  drain(bucket, amount)
end

-- Replaces an estimate that was added under a mark by the actual amount.
local function settle_bucket(bucket, high, low, estimate, actual)
  if actual >= estimate then
    bucket.level = sum(bucket.level, actual - estimate)
  else
    local unleaked = math.min(above(high, low, bucket.high, bucket.low), estimate)
    drain(bucket, math.min(unleaked, estimate - actual))
  end
end

-- From which usage on a threshold is reached: percent * cap / 100, rounded up.
local function threshold(cap, percent)
  local hundredth = cap % 100
  return (cap - hundredth) / 100 * percent + math.ceil(hundredth * percent / 100)
end
