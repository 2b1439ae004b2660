-- Posts to one hot thread, or spread over a thousand, each with a key, an address and words of its own; with TOKENS,
-- a file of them, by as many authors, in turn.
wrk.method = "POST"
local number = 0
local run = os.time() .. "-" .. math.random(1, 1000000000)
local site = os.getenv("SITE") or "bench"
local body = '{"author": {"name": "Ada Lovelace", "email": "ada@example.com"}, "body": "I read this **twice**, and I still '
  .. "do not know who will answer for it. There is nothing in it of what was agreed.\\n\\nSecond paragraph here, with a "
  .. 'little more text to make it a usual comment of some two hundred and fifty characters, no more: '

local tokens = {}
if os.getenv("TOKENS") then
  for line in io.lines(os.getenv("TOKENS")) do
    table.insert(tokens, line)
  end
end

function request()
  number = number + 1
  local article = os.getenv("SPREAD") == "yes" and (number * 7919 % 1000) or "hot"
  local path = "/v1/sites/" .. site .. "/threads/" .. article .. "/comments"
  local headers = { ["Content-Type"] = "application/json", ["Idempotency-Key"] = "bench-" .. run .. "-" .. number }
  headers["X-Forwarded-For"] = "10." .. (number % 200) .. "." .. (math.floor(number / 200) % 200) .. ".7"
  if #tokens > 0 then
    headers["Authorization"] = "Bearer " .. tokens[number % #tokens + 1]
  end
  return wrk.format(nil, path, headers, body .. run .. "-" .. number .. '."}')
end
