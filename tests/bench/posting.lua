-- Posts to one hot thread, or spread over a thousand, each with a key of its own.
wrk.method = "POST"
local number = 0
local run = os.time() .. "-" .. math.random(1, 1000000000)
local body = '{"author": {"name": "Ada Lovelace", "email": "ada@example.com"}, "body": "I read this **twice**, and I still '
  .. "do not know who will answer for it. There is nothing in it of what was agreed.\\n\\nSecond paragraph here, with a "
  .. 'little more text to make it a usual comment of some two hundred and fifty characters, no more."}'

function request()
  number = number + 1
  local article = os.getenv("SPREAD") == "yes" and (number * 7919 % 1000) or "hot"
  local path = "/v1/sites/bench/threads/" .. article .. "/comments"
  local headers = { ["Content-Type"] = "application/json", ["Idempotency-Key"] = "bench-" .. run .. "-" .. number }
  return wrk.format(nil, path, headers, body)
end
