#!lua name=onrush
-- SPDX-License-Identifier: Apache-2.0
--
-- The queue of a campaign, as one Redis function library. Every function is one atomic step.
-- docs/protocol.md describes keys, arguments and answers. The invariants:
--
--   * a ticket is max(now, last_ticket + 1): one clock, no ties, even when the clock steps back;
--   * a request stays in `queue` until it is decided; `users` holds only decisions, so no user is
--     in both;
--   * claiming moves a mark: every request at or below `claimed_to` is being decided. No request
--     enters at or below the mark or `watermark`, the highest ticket that MariaDB had committed at
--     the last takeover of the campaign;
--   * a known user keeps the place, or gets a better one from the journal, never a worse one;
--   * claim and settle obey only the epoch that was published last;
--   * a grant is final;
--   * admitted = granted + sold_out + refused + #queue, after every step.

local VERSION = 5

-- Users per call: bounds its time, and keeps unpack below Lua's stack limit (about 8,000).
local MAX_USERS = 5000
local CHUNK = 1000

-- The keys of every function, in this order.
local META, QUEUE, USERS = 1, 2, 3

local HEAD = {'ready', 'state', 'quota', 'admit_limit', 'opens_us', 'closes_us', 'epoch',
              'admitted', 'granted', 'sold_out', 'refused', 'watermark', 'id'}
-- Positions in HEAD.
local HEAD_READY, HEAD_LIMIT, HEAD_EPOCH, HEAD_ADMITTED, HEAD_WATERMARK = 1, 4, 7, 8, 12
-- The numeric fields; sound() checks them before anything is changed.
local COUNTED = {'claimed_to', 'watermark', 'last_ticket', 'moves', 'admitted', 'granted',
                 'sold_out', 'refused'}
-- Shapes of arguments.
local NUMBER, POSITIVE = '^%d+$', '^[1-9]%d*$'
local EPOCH_N = {NUMBER, POSITIVE}
local EPOCH_CURSOR_N = {NUMBER, NUMBER, POSITIVE}
local PUBLISH = {NUMBER, NUMBER, '^%l+$', NUMBER, '^%-?%d+$', NUMBER, NUMBER, NUMBER, '^%w+$',
                 '^[%w%-]+$', NUMBER}
local CLAIM = {NUMBER, NUMBER, NUMBER}
local STATES = {scheduled = true, open = true, paused = true, closed = true}
local READY = {['0'] = true, ['1'] = true, keep = true}

-- The highest ticket, in the year 2223. Above 2^53 a double could not represent the next one.
local LAST_TICKET = 8e15

-- The counter of a state, by its first letter.
local GRANTED, SOLD_OUT = ('g'):byte(), ('s'):byte()
local COUNTERS = {[GRANTED] = 'granted', [SOLD_OUT] = 'sold_out', [('r'):byte()] = 'refused'}

local function bad_args(what)
    return redis.error_reply('BADARGS ' .. what)
end

-- integer: a double as decimal text. tostring() rounds beyond 14 digits; '%.0f' is much slower.
local function integer(n)
    return string.format('%d', n)
end

local function now_us()
    local t = redis.call('TIME')
    return tonumber(t[1]) * 1000000 + tonumber(t[2])
end

-- in_chunks: calls the command with the values of `list` from `first` on, at most 2 * CHUNK at a
-- time. Returns the sum of the replies.
local function in_chunks(command, key, list, first)
    local sum = 0
    for from = first or 1, #list, 2 * CHUNK do
        local to = math.min(from + 2 * CHUNK - 1, #list)
        sum = sum + redis.call(command, key, unpack(list, from, to))
    end
    return sum
end

-- look_up: the reply of `command` (HMGET, ZMSCORE) for each user; false if there is none.
local function look_up(command, key, users)
    if #users <= CHUNK then return #users > 0 and redis.call(command, key, unpack(users)) or {} end
    local found = {}
    for from = 1, #users, CHUNK do
        local to = math.min(from + CHUNK - 1, #users)
        local part = redis.call(command, key, unpack(users, from, to))
        for i = 1, #part do found[from + i - 1] = part[i] end
    end
    return found
end

-- tickets_of: the tickets of the users in the queue; false or nil for others.
local function tickets_of(keys, users)
    return redis.call('ZCARD', keys[QUEUE]) > 0 and look_up('ZMSCORE', keys[QUEUE], users) or {}
end

-- states_of: the decisions about the users; false if there is none.
local function states_of(keys, users)
    return look_up('HMGET', keys[USERS], users)
end

-- of_shape: true if each argument matches its pattern. Those after the first `least` are optional.
local function of_shape(args, patterns, least)
    if #args < (least or #patterns) or #args > #patterns then return false end
    for i = 1, #args do
        if not args[i]:find(patterns[i]) then return false end
    end
    return true
end

local function stale(epoch, current)
    return redis.error_reply('STALE epoch ' .. epoch .. ', the campaign has ' .. current)
end

-- fenced: nil if the arguments match `patterns` (nil: any) and the first one is the epoch of the
-- campaign; otherwise the error to return.
local function fenced(keys, args, patterns, least)
    local epoch = args[1]
    if not epoch or patterns and not of_shape(args, patterns, least) then
        return bad_args('wrong number or kind of arguments')
    end
    local current = redis.call('HGET', keys[META], 'epoch')
    if not current then return redis.error_reply('NOCAMPAIGN there is no meta of this campaign') end
    if current ~= epoch then return stale(epoch, current) end
    return nil
end

-- went_back: nil if Redis has counted as many moves as the scheduler expects. Otherwise Redis lost
-- data: returns the error.
local function went_back(keys, expected)
    local moves = redis.call('HGET', keys[META], 'moves') or '0'
    if moves == expected then return nil end
    return redis.error_reply('LOST expected ' .. expected .. ' moves, there were ' .. moves)
end

local function count_move(keys)
    return redis.call('HINCRBY', keys[META], 'moves', 1)
end

-- sound: fails, before anything is changed, if a key has the wrong type or a field of meta is not a
-- number. Returns the numbers of meta by name.
local function sound(keys)
    redis.call('ZCARD', keys[QUEUE])
    redis.call('HLEN', keys[USERS])
    local texts, numbers = redis.call('HMGET', keys[META], unpack(COUNTED)), {}
    for i = 1, #COUNTED do
        local n = texts[i]
        if not n or n ~= '0' and not (#n <= 16 and n:find('^%-?[1-9]%d*$')) then
            error({err = 'WRONGTYPE ' .. COUNTED[i] .. ' in meta is no number'})
        end
        numbers[COUNTED[i]] = tonumber(n)
    end
    return numbers
end

-- above: the lower bound of the scores above the mark. Without a mark it includes scores that are
-- not tickets.
local function above(mark)
    return mark > 0 and '(' .. integer(mark) or '-inf'
end

-- claimed_size: the number of requests that are being decided.
local function claimed_size(keys, mark)
    return mark > 0 and redis.call('ZCOUNT', keys[QUEUE], '-inf', integer(mark)) or 0
end

local function mark_of(keys)
    return tonumber(redis.call('HGET', keys[META], 'claimed_to') or 0)
end

-- head_of: `watermark` is the highest ticket that may be decided: that of MariaDB, or the mark.
local function head_of(keys)
    local head, mark = redis.call('HMGET', keys[META], unpack(HEAD)), mark_of(keys)
    local claimed, n = claimed_size(keys, mark), #HEAD
    if head[HEAD_WATERMARK] then
        head[HEAD_WATERMARK] = integer(math.max(tonumber(head[HEAD_WATERMARK]), mark))
    end
    head[n + 1] = redis.call('ZCARD', keys[QUEUE]) - claimed
    head[n + 2] = claimed
    head[n + 3] = now_us()
    local more = redis.call('HMGET', keys[META], 'moves', 'instant_wait_ms', 'returned')
    for i = 1, #more do head[n + 3 + i] = more[i] end
    return head
end

-- waiting_answer: ticket and position of a queued user; position 0 while it is being decided.
local function waiting_answer(keys, user, ticket, mark, claimed)
    if mark > 0 and tonumber(ticket) <= mark then return 'q' .. ticket .. ':0' end
    return 'q' .. ticket .. ':' .. integer(redis.call('ZRANK', keys[QUEUE], user) + 1 - claimed)
end

-- gate: nil if the campaign takes requests at `now`, else the answer for new requests.
local function gate(meta, now)
    if meta.state == 'closed' or (meta.closes_us > 0 and now >= meta.closes_us) then return 'c' end
    if meta.state == 'paused' then return 'p' end
    if meta.state == 'scheduled' and now < meta.opens_us then
        return 'o' .. integer(meta.opens_us)
    end
    return nil
end

local function read_meta(keys)
    local ready, state, opens, closes, limit, admitted, last, mark = unpack(
        redis.call('HMGET', keys[META], 'ready', 'state', 'opens_us', 'closes_us', 'admit_limit',
                   'admitted', 'last_ticket', 'claimed_to'))
    if ready ~= '1' then return nil end
    return {state = state, opens_us = tonumber(opens), closes_us = tonumber(closes),
            admit_limit = tonumber(limit), admitted = tonumber(admitted),
            last_ticket = tonumber(last), claimed_to = tonumber(mark)}
end

-- run_answer: describes the last `run` of the `admitted` requests of this call. The first of all
-- got `ticket`, behind `queued` others.
local function run_answer(ticket, queued, admitted, run)
    return string.format('n%d:%d:%d', ticket + admitted - run, queued + admitted - run + 1, run)
end

local NOT_READY = 'NOCAMPAIGN there is no meta of this campaign, or it is not ready'

local function enqueue(keys, users)
    if #users > MAX_USERS then return bad_args('too many users') end
    local meta = read_meta(keys)
    if not meta then return redis.error_reply(NOT_READY) end

    local first = math.max(now_us(), meta.last_ticket + 1)
    local shut = gate(meta, first)
    local room = meta.admit_limit < 0 and math.huge or meta.admit_limit - meta.admitted
    -- Fails here, before anything is changed, if a field is not a number.
    local counted, mark = meta.admitted + 0, meta.claimed_to + 0
    local claimed = claimed_size(keys, mark)
    local queued = redis.call('ZCARD', keys[QUEUE]) - claimed
    local known, tickets = states_of(keys, users), tickets_of(keys, users)
    local answers, entries, seen = {}, {}, {}
    local admitted, run = 0, 0

    for i = 1, #users do
        local user = users[i]
        local answer, before = known[i], seen[user]
        if before then
            answer = 'q' .. integer(first + before - 1) .. ':' .. integer(queued + before)
        elseif not answer then
            answer = tickets[i] and waiting_answer(keys, user, tickets[i], mark, claimed) or
                shut or admitted >= room and 'f'
        end
        if answer then
            if run > 0 then answers[#answers + 1] = run_answer(first, queued, admitted, run) end
            answers[#answers + 1], run = answer, 0
        else
            local pair = 2 * admitted + 1
            entries[pair], entries[pair + 1] = integer(first + admitted), user
            admitted, run = admitted + 1, run + 1
            seen[user] = admitted
        end
    end
    if run > 0 then answers[#answers + 1] = run_answer(first, queued, admitted, run) end
    if admitted > 0 then
        in_chunks('ZADD', keys[QUEUE], entries)
        redis.call('HSET', keys[META], 'last_ticket', integer(first + admitted - 1),
                   'admitted', integer(counted + admitted))
    end
    return answers
end

local function status(keys, users)
    if #users > MAX_USERS then return bad_args('too many users') end
    local head = head_of(keys)
    if head[HEAD_READY] ~= '1' then return redis.error_reply(NOT_READY) end
    local limit, mark = tonumber(head[HEAD_LIMIT]), mark_of(keys)
    local claimed = head[#HEAD + 2]
    local unknown = limit >= 0 and tonumber(head[HEAD_ADMITTED]) >= limit and 'f' or 'u'
    local known, tickets, answers = states_of(keys, users), tickets_of(keys, users), {head}
    for i = 1, #users do
        answers[i + 1] = known[i] or
            tickets[i] and waiting_answer(keys, users[i], tickets[i], mark, claimed) or unknown
    end
    return answers
end

-- publish: a takeover, unless args[10] has the expected moves or `any`. It resets the mark, so the
-- requests still in the queue are claimed again with their old tickets. With `any` only settings
-- change, and the mark stays.
local function publish(keys, args)
    local epoch, id, state, quota, admit_limit, opens_us, closes_us, watermark, ready = unpack(args)
    local expected = args[10] ~= '-' and args[10] or nil
    if not of_shape(args, PUBLISH, 9) or not STATES[state] or not READY[ready] or
        expected and expected ~= 'any' and not expected:find(NUMBER) then
        return bad_args('wrong number or kind of arguments')
    end
    local before = head_of(keys)
    local current = before[HEAD_EPOCH]
    if current and tonumber(current) > tonumber(epoch) then return stale(epoch, current) end
    -- Not a takeover: if the epoch is not there, Redis lost it.
    if expected and current ~= epoch then
        return redis.error_reply('LOST epoch ' .. epoch .. ' is not published')
    end
    local wrong = expected and expected ~= 'any' and went_back(keys, expected)
    if wrong then return wrong end
    -- If Redis knows less than MariaDB, it lost data: it must not admit before grants are restored.
    local older = tonumber(watermark) > tonumber(before[HEAD_WATERMARK] or -1)
    if ready == 'keep' then ready = not older and before[HEAD_READY] or '0' end
    for _, field in ipairs(COUNTED) do redis.call('HSETNX', keys[META], field, 0) end
    redis.call('HSETNX', keys[META], 'returned', 0)
    local floor = redis.call('HMGET', keys[META], 'watermark', 'last_ticket')
    local decided = math.max(tonumber(watermark), tonumber(floor[1]))
    redis.call('HSET', keys[META], 'epoch', epoch, 'id', id, 'state', state, 'quota', quota,
               'admit_limit', admit_limit, 'opens_us', opens_us, 'closes_us', closes_us,
               'ready', ready, 'instant_wait_ms', args[11] or '0', 'watermark', integer(decided),
               'last_ticket', integer(math.max(decided, tonumber(floor[2]))))
    if expected ~= 'any' then redis.call('HSET', keys[META], 'claimed_to', 0) end
    for _, key in ipairs(keys) do redis.call('PERSIST', key) end
    return before
end

local function is_ticket(score)
    return score:find(POSITIVE) and tonumber(score) <= LAST_TICKET
end

-- claim: returns the next n above the mark, and moves the mark to the last ticket among them. A
-- score that is not a ticket is returned, too, but the mark stays below it. A ticket written by
-- hand may be above the last one that was assigned.
local function claim(keys, args)
    local wrong = fenced(keys, args, CLAIM, 2) or args[3] and went_back(keys, args[3])
    if wrong then return wrong end
    local meta, n, rows = sound(keys), math.min(tonumber(args[2]), MAX_USERS), {}
    local mark = meta.claimed_to
    if n > 0 then
        rows = redis.call('ZRANGE', keys[QUEUE], above(mark), '+inf', 'BYSCORE', 'LIMIT', 0, n,
                          'WITHSCORES')
    end
    local last = #rows
    while last > 0 and not is_ticket(rows[last]) do last = last - 2 end
    if last > 0 then
        mark = tonumber(rows[last])
        redis.call('HSET', keys[META], 'claimed_to', rows[last],
                   'last_ticket', integer(math.max(mark, meta.last_ticket)))
    end
    if #rows > 0 then count_move(keys) end
    local claimed = claimed_size(keys, mark)
    return {redis.call('ZCARD', keys[QUEUE]) - claimed, claimed, rows}
end

-- is_user: true if it may be a user id. Anything else was never accepted.
local function is_user(user)
    return #user <= 64 and user:find('^[%w._:@+=|~-]+$')
end

-- set_aside: removes members of the queue that the scheduler could not decode. One that may be a
-- user is refused, unless it is decided already. Any other was never accepted, and is not counted.
local function set_aside(keys, args)
    local wrong = fenced(keys, args)
    if wrong then return wrong end
    if #args > MAX_USERS + 1 then return bad_args('too many members') end
    sound(keys)
    local n = 0
    for i = 2, #args do
        local score = redis.call('ZSCORE', keys[QUEUE], args[i])
        if score and not (is_user(args[i]) and is_ticket(score)) then
            redis.call('ZREM', keys[QUEUE], args[i])
            n = n + 1
            if is_user(args[i]) and
                redis.call('HSETNX', keys[USERS], args[i], 'rundecodable:0') == 1 then
                redis.call('HINCRBY', keys[META], 'refused', 1)
            end
        end
    end
    return n
end

-- settle_range: settles all requests in a range of tickets with the same kind of decision. `args`
-- has users and states from the fourth on.
local function settle_range(keys, args, counter, n)
    in_chunks('HSET', keys[USERS], args, 4)
    redis.call('ZREMRANGEBYSCORE', keys[QUEUE], args[2], args[3])
    redis.call('HINCRBY', keys[META], counter, n)
    return n
end

-- settle_names: settles user by user. While lost grants are restored, a user may be listed twice,
-- be decided already, or be unknown (a stranger). Only strangers were not admitted yet.
local function settle_names(keys, users, states)
    local old, latest, moved = states_of(keys, users), {}, {}
    local writes, waited, decided, changed = {}, {}, {}, 0
    for i = 1, #users do
        local user, state = users[i], states[i]
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
    in_chunks('HSET', keys[USERS], writes)
    for letter, counter in pairs(COUNTERS) do
        if moved[letter] then redis.call('HINCRBY', keys[META], counter, moved[letter]) end
    end
    local strangers = #waited - in_chunks('ZREM', keys[QUEUE], waited)
    in_chunks('ZREM', keys[QUEUE], decided)
    if strangers > 0 then redis.call('HINCRBY', keys[META], 'admitted', strangers) end
    return changed
end

local function settle(keys, args)
    local wrong = fenced(keys, args)
    if wrong then return wrong end
    local n = (#args - 3) / 2
    if n % 1 ~= 0 or n < 1 or n > MAX_USERS or
        not (args[2]:find(NUMBER) and args[3]:find(NUMBER)) then
        return bad_args('settle takes an epoch, two tickets, then user and state in turn')
    end
    local alike = args[5]:byte()
    for i = 5, #args, 2 do
        local letter = args[i]:byte()
        if not COUNTERS[letter] then return bad_args('a state begins with g, s or r') end
        alike = letter == alike and alike
    end
    local mark, to = sound(keys).claimed_to, tonumber(args[3])
    count_move(keys)
    -- The scheduler has decided the whole range, but a request may have been added by hand.
    if alike and to > 0 and to <= mark and
        redis.call('ZCOUNT', keys[QUEUE], args[2], args[3]) == n then
        return settle_range(keys, args, COUNTERS[alike], n)
    end
    local users, states = {}, {}
    for i = 4, #args, 2 do users[i / 2 - 1], states[i / 2 - 1] = args[i], args[i + 1] end
    return settle_names(keys, users, states)
end

-- free_ticket: the first unused ticket from `ticket` on.
local function free_ticket(keys, ticket)
    while redis.call('ZCOUNT', keys[QUEUE], integer(ticket), integer(ticket)) > 0 do
        ticket = ticket + 1
    end
    return ticket
end

-- drain: queues journalled requests, in order of arrival. They were accepted, so no admission limit
-- applies. Each gets the place of its arrival; a user in the queue gets the better of two places.
-- The mark goes back to where the scheduler has decided nothing above it. No request gets a
-- ticket at or below the mark, or at or below what MariaDB had committed.
local function drain(keys, args)
    local wrong = fenced(keys, args)
    if wrong then return wrong end
    if #args % 2 ~= 0 or #args > 2 * MAX_USERS + 2 then
        return bad_args('drain takes an epoch, the mark, then user and arrival in turn')
    end
    local users = {}
    for i = 2, #args, 2 do
        if not args[i]:find(NUMBER) then return bad_args('a mark and an arrival are numbers') end
    end
    for i = 3, #args, 2 do users[(i - 1) / 2] = args[i] end
    local meta, now = sound(keys), now_us()
    local mark = math.min(tonumber(args[2]), meta.claimed_to)
    local known, waiting = states_of(keys, users), tickets_of(keys, users)
    local free, last = math.max(mark, meta.watermark) + 1, meta.last_ticket
    local entries, seen, n = {}, {}, 0
    for i = 1, #users do
        local old = waiting[i] and tonumber(waiting[i])
        local from = math.max(math.min(tonumber(args[2 * i + 2]), now), free)
        if not (known[i] or seen[users[i]] or old and old <= from) then
            free = free_ticket(keys, from) -- later ones start here
            if not old or free < old then
                entries[#entries + 1], entries[#entries + 2] = integer(free), users[i]
                seen[users[i]], last, n = true, math.max(last, free), n + (old and 0 or 1)
                free = free + 1
            end
        end
    end
    in_chunks('ZADD', keys[QUEUE], entries)
    redis.call('HSET', keys[META], 'claimed_to', integer(mark), 'last_ticket', integer(last),
               'admitted', integer(meta.admitted + n))
    count_move(keys)
    return #entries / 2
end

-- revive: moves sold-out users of one page of `users` back into the queue, with their old tickets.
-- The head tells gateways (`returned`), because a gateway that read the queue before the users may
-- have missed them.
local function revive(keys, args)
    local wrong = fenced(keys, args, EPOCH_CURSOR_N)
    if wrong then return wrong end
    sound(keys)
    local count = math.min(tonumber(args[3]), MAX_USERS)
    local page = redis.call('HSCAN', keys[USERS], args[2], 'COUNT', count)
    local back, users = {}, {}
    for i = 1, #page[2], 2 do
        local user, state = page[2][i], page[2][i + 1]
        if state:byte() == SOLD_OUT and is_user(user) and is_ticket(state:sub(2)) then
            back[#back + 1], back[#back + 2], users[#users + 1] = state:sub(2), user, user
        end
    end
    in_chunks('ZADD', keys[QUEUE], back)
    in_chunks('HDEL', keys[USERS], users)
    if #users > 0 then redis.call('HINCRBY', keys[META], 'sold_out', -#users) end
    redis.call('HSET', keys[META], 'returned', count_move(keys))
    return {page[1], #users}
end

local function expire(keys, args)
    local wrong = fenced(keys, args, EPOCH_N)
    if wrong then return wrong end
    for _, key in ipairs(keys) do redis.call('EXPIRE', key, args[2]) end
    return 1
end

local function version()
    return VERSION
end

redis.register_function{function_name = 'onrush_version', callback = version, flags = {'no-writes'}}
-- It writes nothing, but is not marked no-writes, so that Redis refuses it when it refuses writes.
redis.register_function('onrush_probe', version)
redis.register_function{function_name = 'onrush_status', callback = status, flags = {'no-writes'}}
redis.register_function('onrush_enqueue', enqueue)
redis.register_function('onrush_publish', publish)
redis.register_function('onrush_claim', claim)
redis.register_function('onrush_set_aside', set_aside)
redis.register_function('onrush_settle', settle)
redis.register_function('onrush_drain', drain)
redis.register_function('onrush_revive', revive)
redis.register_function('onrush_expire', expire)
