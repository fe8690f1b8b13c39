-- SPDX-License-Identifier: Apache-2.0
-- Requests of a turn, for wrk. The environment defines them:
--   ASK_METHOD, ASK_PATH, ASK_BODY, ASK_TYPE (content type)
-- In path and body, @U is a user (16 hex digits; with ASK_USERS=N one of the first N, else a new
-- random one), and @C is a campaign (ASK_CAMPAIGNS=N: 0001 to N). It ends with one line of JSON.

local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set('number', threads)
end

local random, format, concat = math.random, string.format, table.concat
local pieces, known, campaigns

-- split: returns the text between the markers, and the markers as @U and @C.
local function split(text)
    local out, at = {}, 1
    while true do
        local from, to = text:find('@[UC]', at)
        out[#out + 1] = text:sub(at, (from or 0) - 1)
        if not from then return out end
        out[#out + 1] = text:sub(from, to)
        at = to + 1
    end
end

function init()
    local body = os.getenv('ASK_BODY') or ''
    local head = format('%s %s HTTP/1.1\r\nHost: localhost\r\n',
                        os.getenv('ASK_METHOD') or 'GET', os.getenv('ASK_PATH'))
    if body ~= '' then
        local length = #body:gsub('@U', ('x'):rep(16)):gsub('@C', 'xxxx')
        head = head .. format('Content-Type: %s\r\nContent-Length: %d\r\n',
                              os.getenv('ASK_TYPE') or 'application/json', length)
    end
    pieces = split(head .. '\r\n' .. body)
    known = tonumber(os.getenv('ASK_USERS'))
    campaigns = tonumber(os.getenv('ASK_CAMPAIGNS') or 1)
    math.randomseed(tonumber(os.getenv('ASK_SEED') or os.time()) * 1000 + number)
end

local MARKS = {
    ['@U'] = function()
        if known then return format('%016x', random(known)) end
        return format('%08x%08x', random(0, 4294967295), random(0, 4294967295))
    end,
    ['@C'] = function() return format('%04d', random(campaigns)) end
}

function request()
    local out = {}
    for i = 1, #pieces do
        local mark = MARKS[pieces[i]]
        out[i] = mark and mark() or pieces[i]
    end
    return concat(out)
end

function done(summary, latency)
    local e = summary.errors
    local rate = summary.requests / summary.duration * 1e6
    io.stdout:write(format(
        '{"requests":%d,"seconds":%.6f,"rate":%.1f,"status_errors":%d,"socket_errors":%d,' ..
        '"p50_us":%d,"p90_us":%d,"p99_us":%d,"max_us":%d}\n',
        summary.requests, summary.duration / 1e6, rate, e.status,
        e.connect + e.read + e.write + e.timeout,
        latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end
