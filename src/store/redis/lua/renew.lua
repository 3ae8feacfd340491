-- KEYS: epoch, due, hold. ARGV: now, root, nonce, keep, whether to come again, hold id, expires in.
if comes_again then
  return answer('again')
end
local id, expires_in = ARGV[6], tonumber(ARGV[7])
local hold = hold_of(id)
if hold and hold[1] == 'o' then
  hold[3] = NOW + expires_in
  opened[id] = true
  -- What has no end of its own lives as long as those who hold it.
  each_applied(hold, function(charge)
    if charge.kind ~= 'p' and redis.call('EXISTS', charge.key) == 1 then
      keep(charge.key, text((DAY + KEEP) / 1000))
    end
  end)
end
return answer('done')
