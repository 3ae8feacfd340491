-- KEYS: epoch, due, then the counters. ARGV: now, root, nonce, keep, whether to come again.
if comes_again then
  return answer('again')
end
local lines = {}
for i = 3, #KEYS do
  local state = stored(KEYS[i])
  lines[i - 2] = state and write_state(state) or ''
end
return answer('done', lines)
