-- Asks for the links of a file, one after the other, each thread from a place of its own.
-- Arguments: the file, and the mean pause of a connection between an answer and its next request, in ms.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(arguments)
  wrk.headers["Host"] = "link.example.com"
  wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
  wrk.headers["Accept-Language"] = "en-US,en;q=0.5"
  requests = {}
  for path in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
  next_one = math.floor(#requests / 2) * number
  math.randomseed(number + 1)
  local pause = tonumber(arguments[2] or 0)
  if pause > 0 then
    -- Spread evenly, so that connections do not march in step. wrk takes a timer for each request when there
    -- is a delay, be it 0.
    delay = function() return math.floor(2 * pause * math.random() + 0.5) end
  end
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "errors": %d, "mean_ms": %.4f, "p99_ms": %.4f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency.mean / 1e3, latency:percentile(99) / 1e3))
end
