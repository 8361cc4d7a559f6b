-- The sums of pace.py in Redis, in Redis' own time, for a whole window in one round trip.
-- KEYS: one hash per limit, then the set of slowed limits. ARGV[1] is the job, ARGV[2] the time for tests.

local BURST, FLOW, FLOOR, HOLD, RECOVERY = 0.5, 5.0, 0.1, 2.0, 240.0
local LEAST_STEP, LEAST_LIFT, LONGEST_STEP, EPSILON = 0.05, 5.0, 15.0, 1e-9
local KEEP_MS = 3600000
local SLOWED = KEYS[#KEYS]

local now = tonumber(ARGV[2])
if not now then
    local time = redis.call('TIME')
    now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end

local function text(number) return string.format('%.17g', number) end

-- rate and lift are what the asking worker remembers, for a Redis that has forgotten: its bucket starts empty.
local function load(key, top, rate, lift)
    local v = redis.call('HMGET', key, 'rate', 'tokens', 'at', 'flow', 'lift', 'slowed_at', 'cut_at', 'crept_at', 'why')
    local limit
    if v[1] then
        limit = {
            rate = tonumber(v[1]), tokens = tonumber(v[2]), at = tonumber(v[3]), flow = tonumber(v[4]),
            lift = tonumber(v[5]), slowed_at = tonumber(v[6]), cut_at = tonumber(v[7]),
            crept_at = tonumber(v[8]), why = v[9],
        }
        -- A clock that was set back must not stop the mail until it has caught up.
        if limit.at > now then limit.at = now end
        if limit.cut_at > now then limit.cut_at = now end
        if top > 0 then
            limit.lift = top
            limit.rate = limit.slowed_at and math.min(limit.rate, top) or top
        end
    elseif rate > 0 then
        limit = {rate = rate, tokens = 0, at = now, flow = 0, lift = top, cut_at = 0, crept_at = now, why = ''}
        if top == 0 then limit.lift = lift end
        if top == 0 or rate < top then limit.slowed_at, limit.cut_at = now, now end
    else
        return nil
    end
    limit.key, limit.top = key, top
    return limit
end

local function save(limit, name)
    if limit.top == 0 and not limit.slowed_at then
        redis.call('DEL', limit.key)
        redis.call('SREM', SLOWED, name)
        return
    end
    redis.call('HSET', limit.key, 'rate', text(limit.rate), 'tokens', text(limit.tokens), 'at', text(limit.at),
        'flow', text(limit.flow), 'lift', text(limit.lift), 'slowed_at', limit.slowed_at and text(limit.slowed_at) or '',
        'cut_at', text(limit.cut_at), 'crept_at', text(limit.crept_at), 'why', limit.why or '', 'top', text(limit.top))
    redis.call('PEXPIRE', limit.key, KEEP_MS)
    if limit.slowed_at then redis.call('SADD', SLOWED, name) else redis.call('SREM', SLOWED, name) end
end

local function advance(limit, accepted, returned)
    local gone = now - limit.at
    limit.tokens = math.min(math.max(1, limit.rate * BURST), limit.tokens + gone * limit.rate + returned)
    limit.flow = limit.flow * math.exp(-gone / FLOW) + accepted
    limit.at = now
    if limit.slowed_at and accepted > 0 then
        local step = math.max(LEAST_STEP, limit.lift / RECOVERY)
        limit.rate = limit.rate + step * math.min(math.max(now - limit.crept_at, 0), LONGEST_STEP)
        limit.crept_at = now
        if limit.rate >= limit.lift then limit.rate, limit.slowed_at = limit.lift, nil end
    end
end

local function cut(limit, flow, rest, why)
    if limit.slowed_at and now - limit.cut_at < HOLD then
        if rest > 0 then limit.tokens = math.min(limit.tokens, -rest * limit.rate) end
        if limit.why == '' then limit.why = why end
        return
    end
    local measured = limit.flow * math.exp(-(now - limit.at) / FLOW) / FLOW
    local knows = limit.slowed_at and now - limit.slowed_at >= FLOW
    local through = knows and measured or math.max(measured, flow)
    if limit.top == 0 then limit.lift = math.max(limit.lift, 2 * through, LEAST_LIFT) end
    local floor = limit.top > 0 and math.min(FLOOR, limit.top) or FLOOR
    limit.rate = math.max(floor, math.min(limit.rate, through) / 2)
    limit.tokens, limit.at, limit.flow = -rest * limit.rate, now, measured * FLOW
    limit.slowed_at = limit.slowed_at or now
    limit.cut_at, limit.crept_at, limit.why = now, now, why
end

local function whole(tokens) return math.max(0, math.floor(tokens + EPSILON)) end

-- grant: count of limits, per limit (name, top, rate, lift, accepted, returned), then the relay's limit (0: none),
-- then per domain (its limit or 0, want). Answers per domain (granted, wait), then per limit (rate, lift, slowed).
local function grant()
    local count, at = tonumber(ARGV[3]), 4
    local limits, names, answer = {}, {}, {}
    for i = 1, count do
        local top, rate, lift = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
        local limit = load(KEYS[i], top, rate, lift)
        advance(limit, tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5]))
        limits[i], names[i] = limit, ARGV[at]
        at = at + 6
    end
    local relay = limits[tonumber(ARGV[at])]
    for place = at + 1, #ARGV, 2 do
        local domain, want = limits[tonumber(ARGV[place])], tonumber(ARGV[place + 1])
        local granted, pause = want, 0
        for _, limit in ipairs({relay or domain, domain}) do granted = math.min(granted, whole(limit.tokens)) end
        if relay then relay.tokens = relay.tokens - granted end
        if domain then domain.tokens = domain.tokens - granted end
        if granted < want then
            for _, limit in ipairs({relay or domain, domain}) do
                pause = math.max(pause, (1 - limit.tokens) / limit.rate)
            end
        end
        answer[#answer + 1] = granted
        answer[#answer + 1] = text(pause)
    end
    for i = 1, count do
        save(limits[i], names[i])
        answer[#answer + 1] = text(limits[i].rate)
        answer[#answer + 1] = text(limits[i].lift)
        answer[#answer + 1] = limits[i].slowed_at and 1 or 0
    end
    return answer
end

-- cut: name, top, rate and lift as remembered (0: no limit so far), flow, rest, why. Answers rate, lift.
local function slow()
    local name, top, rate, lift = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
    local flow, rest, why = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]
    local limit = load(KEYS[1], top, rate, lift)
    if not limit then
        limit = {key = KEYS[1], top = top, rate = flow, tokens = 0, at = now, flow = 0, lift = 0, cut_at = 0, crept_at = now}
    end
    cut(limit, flow, rest, why)
    save(limit, name)
    return {text(limit.rate), text(limit.lift)}
end

-- hello: worker, seconds after which a silent worker is gone, a new epoch, prefix of hashes; KEYS: workers, epoch,
-- slowed. Answers how many workers, the epoch (another one: Redis forgot everything), then name, rate, lift of each.
local function hello()
    redis.call('ZADD', KEYS[1], now, ARGV[3])
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[4]))
    redis.call('SET', KEYS[2], ARGV[5], 'NX')
    local answer = {redis.call('ZCARD', KEYS[1]), redis.call('GET', KEYS[2])}
    for _, name in ipairs(redis.call('SMEMBERS', SLOWED)) do
        local found = redis.call('HMGET', ARGV[6] .. name, 'rate', 'lift')
        if found[1] then
            for _, value in ipairs({name, found[1], found[2]}) do answer[#answer + 1] = value end
        else
            redis.call('SREM', SLOWED, name)
        end
    end
    return answer
end

local jobs = {grant = grant, cut = slow, hello = hello}
return jobs[ARGV[1]]()
