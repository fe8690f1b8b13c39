#!lua name=onrush
--
-- The queue of a campaign, as one Redis function library. Every function is one atomic step.
-- Keys, arguments and answers: docs/protocol.md. The rules that are kept here:
--
--   * a ticket is max(now, last_ticket + 1, watermark + 1): one clock, no ties, and nobody enters below
--     what a scheduler has already claimed, even when the clock steps backwards;
--   * a user who is known keeps the ticket, whatever state the campaign is in;
--   * who waits is in `queue`, or in `claimed` once a scheduler has popped the request; `users` holds decisions only. Nobody
--     is in two of the three;
--   * claim and settle obey only the epoch that was published last;
--   * a grant is never turned into anything else;
--   * a member that is no user id, or whose score is no ticket, is set aside where it is met: it stops nobody;
--   * admitted = granted + sold_out + refused + #queue + #claimed, after every step.

local VERSION = 4

-- The most users of one call. It keeps a call short, and unpack below Lua's stack limit (about 8,000).
local MAX_USERS = 5000
local CHUNK = 1000

local HEAD = {'ready', 'state', 'quota', 'admit_limit', 'opens_us', 'closes_us', 'epoch', 'admitted',
              'granted', 'sold_out', 'refused', 'watermark', 'id'}
-- What is counted with, and so must be a number before anything is changed.
local COUNTED = {'watermark', 'last_ticket', 'moves', 'admitted', 'granted', 'sold_out', 'refused'}
-- Shapes of arguments.
local NUMBER, POSITIVE = '^%d+$', '^[1-9]%d*$'
local EPOCH_N = {NUMBER, POSITIVE}
local EPOCH_CURSOR_N = {NUMBER, NUMBER, POSITIVE}
local PUBLISH = {NUMBER, NUMBER, '^%l+$', NUMBER, '^%-?%d+$', NUMBER, NUMBER, NUMBER, '^%w+$', '^[%w%-]+$', NUMBER}
local CLAIM = {NUMBER, NUMBER, NUMBER}
local STATES = {scheduled = true, open = true, paused = true, closed = true}
local READY = {['0'] = true, ['1'] = true, keep = true}

-- The highest score that is a ticket: the year 2223. Beyond 2^53 the next one would not be exact.
local LAST_TICKET = 8e15

-- The counter of a state, by its first letter.
local GRANTED = ('g'):byte()
local COUNTERS = {[GRANTED] = 'granted', [('s'):byte()] = 'sold_out', [('r'):byte()] = 'refused'}

-- integer: a double as decimal text; tostring() would round beyond 14 digits, and '%.0f' takes four times as long.
local function integer(n)
    return string.format('%d', n)
end

local function now_us()
    local t = redis.call('TIME')
    return tonumber(t[1]) * 1000000 + tonumber(t[2])
end

-- in_chunks: redis.call(command, key, <list>) with at most 2 * CHUNK values at a time. Gives the sum of what it answered.
local function in_chunks(command, key, list)
    local sum = 0
    for from = 1, #list, 2 * CHUNK do
        sum = sum + redis.call(command, key, unpack(list, from, math.min(from + 2 * CHUNK - 1, #list)))
    end
    return sum
end

-- look_up: what `command` (HMGET, ZMSCORE) says of each of the users; false where it knows nothing.
local function look_up(command, key, users)
    if #users <= CHUNK then return #users > 0 and redis.call(command, key, unpack(users)) or {} end
    local found = {}
    for from = 1, #users, CHUNK do
        local part = redis.call(command, key, unpack(users, from, math.min(from + CHUNK - 1, #users)))
        for i = 1, #part do found[from + i - 1] = part[i] end
    end
    return found
end

-- scores_of: the tickets of those who are in this sorted set.
local function scores_of(key, users)
    return redis.call('ZCARD', key) > 0 and look_up('ZMSCORE', key, users) or {}
end

-- states_of: the decisions about the users; false where there is none.
local function states_of(users_key, users)
    return look_up('HMGET', users_key, users)
end

-- of_shape: one argument a pattern, and each is like its pattern; those behind the first `least` may be missing.
local function of_shape(args, patterns, least)
    if #args < (least or #patterns) or #args > #patterns then return false end
    for i = 1, #args do
        if not args[i]:find(patterns[i]) then return false end
    end
    return true
end

-- fenced: nil when the arguments have the shape that is wanted (nil: any) and the first of them, the epoch, owns the
-- campaign; else the error to answer.
local function fenced(meta_key, args, patterns, least)
    local epoch = args[1]
    if not epoch or patterns and not of_shape(args, patterns, least) then
        return redis.error_reply('BADARGS wrong number or kind of arguments')
    end
    local current = redis.call('HGET', meta_key, 'epoch')
    if not current then return redis.error_reply('NOCAMPAIGN there is no meta of this campaign') end
    if current ~= epoch then return redis.error_reply('STALE epoch ' .. epoch .. ', the campaign has ' .. current) end
    return nil
end

-- went_back: nil when as many moves (claims, settles, reclaims, revives) were counted as the scheduler expects, else the
-- error to answer: Redis lost data.
local function went_back(meta_key, expected)
    local moves = redis.call('HGET', meta_key, 'moves') or '0'
    if moves == expected then return nil end
    return redis.error_reply('LOST expected ' .. expected .. ' moves, there were ' .. moves)
end

-- sound: a key of the wrong type, or a field of meta that is no number, must fail before anything is changed, or what was
-- popped from one key would be in none. Gives the watermark.
local function sound(keys)
    redis.call('ZCARD', keys[2])
    redis.call('ZCARD', keys[3])
    redis.call('HLEN', keys[4])
    local numbers = redis.call('HMGET', keys[1], unpack(COUNTED))
    for i = 1, #COUNTED do
        local n = numbers[i]
        if not n or n ~= '0' and not (#n <= 16 and n:find('^%-?[1-9]%d*$')) then
            error({err = 'WRONGTYPE ' .. COUNTED[i] .. ' in meta is no number'})
        end
    end
    return tonumber(numbers[1])
end

local function head_of(keys)
    local head = redis.call('HMGET', keys[1], unpack(HEAD))
    head[#HEAD + 1] = redis.call('ZCARD', keys[2])
    head[#HEAD + 2] = redis.call('ZCARD', keys[3])
    head[#HEAD + 3] = now_us()
    local more = redis.call('HMGET', keys[1], 'moves', 'instant_wait_ms', 'returned')
    for i = 1, #more do head[#HEAD + 3 + i] = more[i] end
    return head
end

-- queued_answer: who waits in the queue, with ticket and position.
local function queued_answer(queue_key, user, ticket)
    return 'q' .. ticket .. ':' .. integer(redis.call('ZRANK', queue_key, user) + 1)
end

-- known_of: the answers to those of the users who are decided, or are being decided (position 0).
local function known_of(keys, users)
    local known, claimed = states_of(keys[4], users), scores_of(keys[3], users)
    for i, ticket in pairs(claimed) do
        if ticket and not known[i] then known[i] = 'q' .. ticket .. ':0' end
    end
    return known
end

-- gate: nil when the campaign takes requests at `now`, else the answer that everybody gets.
local function gate(meta, now)
    if meta.state == 'closed' or (meta.closes_us > 0 and now >= meta.closes_us) then return 'c' end
    if meta.state == 'paused' then return 'p' end
    if meta.state == 'scheduled' and now < meta.opens_us then return 'o' .. integer(meta.opens_us) end
    return nil
end

local function read_meta(meta_key)
    local v = redis.call('HMGET', meta_key, 'ready', 'state', 'opens_us', 'closes_us', 'admit_limit', 'admitted',
                         'last_ticket', 'watermark')
    if v[1] ~= '1' then return nil end
    return {state = v[2], opens_us = tonumber(v[3]), closes_us = tonumber(v[4]), admit_limit = tonumber(v[5]),
            admitted = tonumber(v[6]), last_ticket = tonumber(v[7]), watermark = tonumber(v[8])}
end

-- run_answer: the last `run` of the requests that this call admitted, whose first got `ticket`, behind `queued` others.
local function run_answer(ticket, queued, admitted, run)
    return string.format('n%d:%d:%d', ticket + admitted - run, queued + admitted - run + 1, run)
end

local function enqueue(keys, users)
    if #users > MAX_USERS then return redis.error_reply('BADARGS too many users') end
    local meta = read_meta(keys[1])
    if not meta then return redis.error_reply('NOCAMPAIGN there is no meta of this campaign, or it is not ready') end

    local first = math.max(now_us(), meta.last_ticket + 1, meta.watermark + 1)
    local shut = gate(meta, first)
    local room = meta.admit_limit < 0 and math.huge or meta.admit_limit - meta.admitted
    local counted = meta.admitted + 0 -- what is no number fails before anything is changed
    local queued = redis.call('ZCARD', keys[2])
    local known, scores = known_of(keys, users), queued > 0 and look_up('ZMSCORE', keys[2], users) or {}
    local answers, tickets, seen = {}, {}, {}
    local admitted, run = 0, 0

    for i = 1, #users do
        local user = users[i]
        local answer, before = known[i], seen[user]
        if before then
            answer = 'q' .. integer(first + before - 1) .. ':' .. integer(queued + before)
        elseif not answer then
            answer = scores[i] and queued_answer(keys[2], user, scores[i]) or shut or admitted >= room and 'f'
        end
        if answer then
            if run > 0 then answers[#answers + 1] = run_answer(first, queued, admitted, run) end
            answers[#answers + 1], run = answer, 0
        else
            local pair = 2 * admitted + 1
            tickets[pair], tickets[pair + 1] = integer(first + admitted), user
            admitted, run = admitted + 1, run + 1
            seen[user] = admitted
        end
    end
    if run > 0 then answers[#answers + 1] = run_answer(first, queued, admitted, run) end
    if admitted > 0 then
        in_chunks('ZADD', keys[2], tickets)
        redis.call('HSET', keys[1], 'last_ticket', integer(first + admitted - 1), 'admitted', integer(counted + admitted))
    end
    return answers
end

local function status(keys, users)
    if #users > MAX_USERS then return redis.error_reply('BADARGS too many users') end
    local answers = {head_of(keys)}
    if answers[1][1] ~= '1' then return redis.error_reply('NOCAMPAIGN there is no meta of this campaign, or it is not ready') end
    local full = tonumber(answers[1][4]) >= 0 and tonumber(answers[1][8]) >= tonumber(answers[1][4])
    local known, scores = known_of(keys, users), scores_of(keys[2], users)
    for i = 1, #users do
        answers[i + 1] = known[i] or scores[i] and queued_answer(keys[2], users[i], scores[i]) or full and 'f' or 'u'
    end
    return answers
end

local function publish(keys, args)
    local epoch, id, state, quota, admit_limit, opens_us, closes_us, watermark, ready = unpack(args)
    local expected = args[10] ~= '-' and args[10] or nil
    if not of_shape(args, PUBLISH, 9) or not STATES[state] or not READY[ready] or
        expected and expected ~= 'any' and not expected:find(NUMBER) then
        return redis.error_reply('BADARGS wrong number or kind of arguments')
    end
    local before = head_of(keys)
    if before[7] and tonumber(before[7]) > tonumber(epoch) then
        return redis.error_reply('STALE epoch ' .. epoch .. ', the campaign has ' .. before[7])
    end
    -- With expected moves this is no takeover: the epoch must be there already, or Redis lost it.
    if expected and before[7] ~= epoch then return redis.error_reply('LOST epoch ' .. epoch .. ' is not published') end
    local wrong = expected and expected ~= 'any' and went_back(keys[1], expected)
    if wrong then return wrong end
    -- Redis that knows less than MariaDB came back empty, or older: it must not admit before grants are restored.
    local older = tonumber(watermark) > tonumber(before[12] or -1)
    if ready == 'keep' then ready = not older and before[1] or '0' end
    redis.call('HSET', keys[1], 'epoch', epoch, 'id', id, 'state', state, 'quota', quota, 'admit_limit', admit_limit,
               'opens_us', opens_us, 'closes_us', closes_us, 'ready', ready, 'instant_wait_ms', args[11] or '0',
               'watermark', integer(math.max(tonumber(watermark), tonumber(before[12] or 0))))
    for _, counter in ipairs({'admitted', 'granted', 'sold_out', 'refused', 'last_ticket', 'moves', 'returned'}) do
        redis.call('HSETNX', keys[1], counter, 0)
    end
    for _, key in ipairs(keys) do redis.call('PERSIST', key) end
    return before
end

-- leave: the members are in neither claimed nor queue any more. Gives how many were. Nobody is in both: who was found in
-- the one need not be looked for in the other. Both are mostly empty while a lost Redis is restored.
local function leave(keys, members)
    local left = #members
    for i = 3, 2, -1 do
        if left > 0 and redis.call('ZCARD', keys[i]) > 0 then left = left - in_chunks('ZREM', keys[i], members) end
    end
    return #members - left
end

-- write_states: set `users` to the decided states, and move the counters along. Gives how many changed. A user who stands
-- there twice is decided twice; one may be decided already, wait in the queue, or be a stranger, when Redis lost grants
-- and they are restored. Only a stranger was not admitted yet.
local function write_states(keys, users, old, new)
    local writes, moved, latest, changed = {}, {}, {}, 0
    local waited, decided = {}, {}
    for i = 1, #users do
        local user, state = users[i], new[i]
        local before = latest[user] or old[i]
        local from, to = before and before:byte(), state:byte()
        local list = before and decided or waited
        list[#list + 1] = user
        if from ~= GRANTED and before ~= state then
            latest[user] = state
            writes[2 * changed + 1], writes[2 * changed + 2] = user, state
            changed = changed + 1
            moved[to] = (moved[to] or 0) + 1
            if from then moved[from] = (moved[from] or 0) - 1 end
        end
    end
    in_chunks('HSET', keys[4], writes)
    for letter, counter in pairs(COUNTERS) do
        if moved[letter] then redis.call('HINCRBY', keys[1], counter, moved[letter]) end
    end
    local strangers = #waited - leave(keys, waited)
    if strangers > 0 then redis.call('HINCRBY', keys[1], 'admitted', strangers) end
    leave(keys, decided)
    return changed
end

-- is_user: could this be a user id? Else nobody accepted it.
local function is_user(user)
    return #user <= 64 and user:find('^[%w._:@+=|~-]+$')
end

-- decodable: a user id, and a ticket as its score: in digits only, for tonumber takes '1e3' and '0x10' too.
local function decodable(user, score)
    return is_user(user) and score:find('^[1-9]%d*$') and tonumber(score) <= LAST_TICKET
end

-- set_aside: who waited is refused; what cannot be a user was never accepted, so nothing is counted.
local function set_aside(keys, members)
    local states, writes = states_of(keys[4], members), {}
    for i = 1, #members do
        local from = states[i] and states[i]:byte()
        if from ~= GRANTED and (from or is_user(members[i])) then
            writes[#writes + 1], writes[#writes + 2] = members[i], 'rundecodable:0'
            if from and COUNTERS[from] then redis.call('HINCRBY', keys[1], COUNTERS[from], -1) end
        end
    end
    in_chunks('HSET', keys[4], writes)
    if #writes > 0 then redis.call('HINCRBY', keys[1], 'refused', #writes / 2) end
    leave(keys, members)
end

-- sort_out: of user, score, user, score ... (from a sorted set) those that can be decoded, behind what `answer` holds; the
-- others are set aside. Gives the beginnings of those, or nil.
local function sort_out(keys, members, answer)
    local bad, shown, n = {}, {}, #answer
    for i = 1, #members, 2 do
        if decodable(members[i], members[i + 1]) then
            answer[n + 1], answer[n + 2] = members[i], members[i + 1]
            n = n + 2
        else
            bad[#bad + 1], shown[#shown + 1] = members[i], members[i]:sub(1, 64)
        end
    end
    if #bad == 0 then return nil end
    set_aside(keys, bad)
    return shown
end

local function claim(keys, args)
    local wrong = fenced(keys[1], args, CLAIM, 2) or args[3] and went_back(keys[1], args[3])
    if wrong then return wrong end
    local watermark = sound(keys)
    local popped = redis.call('ZPOPMIN', keys[2], math.min(tonumber(args[2]), MAX_USERS))
    local answer = {0}
    local aside = sort_out(keys, popped, answer)
    if #answer > 1 then
        local members = {}
        for i = 2, #answer, 2 do members[i - 1], members[i] = answer[i + 1], answer[i] end
        in_chunks('ZADD', keys[3], members)
        if tonumber(answer[#answer]) > watermark then
            redis.call('HSET', keys[1], 'watermark', answer[#answer])
        end
    end
    if #popped > 0 then redis.call('HINCRBY', keys[1], 'moves', 1) end
    answer[1] = redis.call('ZCARD', keys[2])
    answer[#answer + 1] = aside
    return answer
end

-- decisions_of: users and new states out of epoch, user, state, user, state ...; nil when they are not that.
local function decisions_of(args, kinds)
    local users, states = {}, {}
    if #args % 2 ~= 1 or #args > 2 * MAX_USERS + 1 then return nil end
    for i = 2, #args, 2 do
        if not args[i + 1]:find(kinds) then return nil end
        users[i / 2], states[i / 2] = args[i], args[i + 1]
    end
    return users, states
end

local function settle(keys, args)
    local wrong = fenced(keys[1], args)
    if wrong then return wrong end
    local users, states = decisions_of(args, '^[gsr]')
    if not users then return redis.error_reply('BADARGS settle takes an epoch, then user and state in turn') end
    sound(keys)
    redis.call('HINCRBY', keys[1], 'moves', 1)
    return write_states(keys, users, states_of(keys[4], users), states)
end

-- used: does a waiting or claimed request have this ticket?
local function used(keys, ticket)
    return redis.call('ZCOUNT', keys[2], ticket, ticket) > 0 or redis.call('ZCOUNT', keys[3], ticket, ticket) > 0
end

-- drain: requests that were journalled while Redis was away, by their arrival. They were accepted, so no bound of admission holds; and
-- none gets a ticket at or below what was claimed, or one that is in use.
local function drain(keys, args)
    local wrong = fenced(keys[1], args)
    if wrong then return wrong end
    if #args % 2 ~= 1 or #args > 2 * MAX_USERS + 1 then return redis.error_reply('BADARGS drain takes an epoch, then user and arrival in turn') end
    local users = {}
    for i = 2, #args, 2 do
        if not args[i + 1]:find(NUMBER) then return redis.error_reply('BADARGS an arrival is a number') end
        users[i / 2] = args[i]
    end
    sound(keys)
    local known, waiting, seen = known_of(keys, users), scores_of(keys[2], users), {}
    local meta = redis.call('HMGET', keys[1], 'watermark', 'last_ticket', 'admitted')
    local last, ticket, n = tonumber(meta[2]), tonumber(meta[1]), 0
    local tickets = {}
    for i = 1, #users do
        if not known[i] and not waiting[i] and not seen[users[i]] then
            ticket = math.max(tonumber(args[2 * i + 1]), ticket + 1)
            while used(keys, integer(ticket)) do ticket = ticket + 1 end
            n = n + 1
            seen[users[i]] = true
            tickets[2 * n - 1], tickets[2 * n] = integer(ticket), users[i]
        end
    end
    in_chunks('ZADD', keys[2], tickets)
    redis.call('HSET', keys[1], 'last_ticket', integer(math.max(last, ticket)), 'admitted', integer(tonumber(meta[3]) + n))
    redis.call('HINCRBY', keys[1], 'moves', 1)
    return n
end

local function claimed(keys, args)
    local wrong = fenced(keys[1], args, EPOCH_N)
    if wrong then return wrong end
    sound(keys)
    local page, answer = redis.call('ZRANGE', keys[3], 0, math.min(tonumber(args[2]), MAX_USERS) - 1, 'WITHSCORES'), {}
    local aside = sort_out(keys, page, answer)
    if aside then redis.call('HINCRBY', keys[1], 'moves', 1) end
    answer[#answer + 1] = aside
    return answer
end

-- count_return: a move that takes requests back to the queue. The head tells the gateways of it: whoever reads the keys one
-- after the other may have missed these.
local function count_return(meta_key)
    redis.call('HSET', meta_key, 'returned', redis.call('HINCRBY', meta_key, 'moves', 1))
end

local function reclaim(keys, args)
    local wrong = fenced(keys[1], args, EPOCH_N)
    if wrong then return wrong end
    sound(keys)
    local popped = redis.call('ZPOPMIN', keys[3], math.min(tonumber(args[2]), MAX_USERS))
    local back = {}
    for i = 1, #popped, 2 do back[i], back[i + 1] = popped[i + 1], popped[i] end
    in_chunks('ZADD', keys[2], back)
    count_return(keys[1])
    return #popped / 2
end

local function revive(keys, args)
    local wrong = fenced(keys[1], args, EPOCH_CURSOR_N)
    if wrong then return wrong end
    sound(keys)
    local page = redis.call('HSCAN', keys[4], args[2], 'COUNT', math.min(tonumber(args[3]), MAX_USERS))
    local back, users, odd, n = {}, {}, {}, 0
    for i = 1, #page[2], 2 do
        local user, state = page[2][i], page[2][i + 1]
        if state:byte(1) == 115 and not decodable(user, state:sub(2)) then
            odd[#odd + 1], odd[#odd + 2] = user, state:sub(2)
        elseif state:byte(1) == 115 then
            n = n + 1
            back[2 * n - 1], back[2 * n], users[n] = state:sub(2), user, user
        end
    end
    in_chunks('ZADD', keys[2], back)
    in_chunks('HDEL', keys[4], users)
    if n > 0 then redis.call('HINCRBY', keys[1], 'sold_out', -n) end
    count_return(keys[1])
    return {page[1], n, sort_out(keys, odd, {})}
end

local function expire(keys, args)
    local wrong = fenced(keys[1], args, EPOCH_N)
    if wrong then return wrong end
    for _, key in ipairs(keys) do redis.call('EXPIRE', key, args[2]) end
    return 1
end

redis.register_function{function_name = 'onrush_version', callback = function() return VERSION end, flags = {'no-writes'}}
-- Not marked no-writes, though it writes nothing: so Redis refuses it whenever it refuses to write.
redis.register_function('onrush_probe', function() return VERSION end)
redis.register_function{function_name = 'onrush_status', callback = status, flags = {'no-writes'}}
redis.register_function('onrush_enqueue', enqueue)
redis.register_function('onrush_publish', publish)
redis.register_function('onrush_claim', claim)
redis.register_function('onrush_claimed', claimed)
redis.register_function('onrush_settle', settle)
redis.register_function('onrush_drain', drain)
redis.register_function('onrush_reclaim', reclaim)
redis.register_function('onrush_revive', revive)
redis.register_function('onrush_expire', expire)
