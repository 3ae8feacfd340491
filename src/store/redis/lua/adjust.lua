-- KEYS: epoch, due, counter. ARGV: now, root, nonce, keep, whether to come again, charge, adjustment, amount.
if comes_again then
  return answer('again')
end
local charge, adjustment, amount = read_charge(ARGV[6]), ARGV[7], tonumber(ARGV[8])
local state = booked(charge, NOW)
if state.kind == 'b' then
  if adjustment == 'debit' then
    state.level = sum(state.level, amount)
  else
    drain(state, adjustment == 'reset' and TOP or amount)
  end
elseif state.kind == 'p' then
  if adjustment == 'debit' then
    state.used = sum(state.used, amount)
  else
    state.used = less(state.used, adjustment == 'reset' and TOP or amount)
  end
elseif adjustment == 'debit' then
  state.held = sum(state.held, amount)
elseif adjustment == 'credit' then
  state.held = less(state.held, amount)
end
local own = {}
judge(state, charge, own)
return answer('done', write_state(state), own)
