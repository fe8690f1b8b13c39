# SPDX-License-Identifier: Apache-2.0
# summary.json of a run. $k6: the output of handleSummary(); $store, $audit, $commits ({before,
# after}), $cpu: null without a stack; $meta: name, time, scenario of scenarios.json; $machine.

def value($name; $key): $k6.metrics[$name].values[$key];

def latency($name): {
    avg: value($name; "avg"), p50: value($name; "med"), p90: value($name; "p(90)"),
    p95: value($name; "p(95)"), p99: value($name; "p(99)"), max: value($name; "max")};

def load($seconds):
    (value("http_reqs"; "count") // 0) as $requests
    | (value("dropped_iterations"; "count") // 0) as $dropped
    | {seconds: $seconds, $requests, $dropped,
       offered_per_s: (($requests + $dropped) / $seconds), answered_per_s: ($requests / $seconds),
       ok_share: (1 - (value("http_req_failed"; "rate") // 0)),
       checks_share: value("checks"; "rate"),
       granted_at_once_share: (if $requests > 0
           then (value("coupons_granted"; "count") // 0) / $requests else 0 end)};

def outcomes: ["queued", "granted", "sold_out", "already", "limited", "error"]
    | map({key: ., value: (value("coupons_" + .; "count") // 0)}) | from_entries;

def latency_by_outcome: outcomes
    | with_entries(select(.value > 0 and .key != "error")
        | .value = latency("issue_latency{outcome:\(.key)}"));

# quantile: returns the upper bound of a bucket, because the scheduler counts in buckets; the true
# value is at most that.
def quantile($buckets; $q): ($buckets | last.n) as $all
    | if ($all // 0) == 0 then null else first($buckets[] | select(.n >= $all * $q) | .le) end;

def commits: if $commits == null then null else
    [$commits.after | to_entries[]
        | {le: (if .key == "+Inf" then infinite else (.key | tonumber) * 1000 end),
           n: (.value - ($commits.before[.key] // 0))}] | sort_by(.le)
    | {p50: quantile(.; 0.5), p95: quantile(.; 0.95), p99: quantile(.; 0.99)}
    | map_values(if . == infinite then null else . end) end;

def store($seconds): if $store == null then null else
    (if $store.granted > 0 then ($store.last_insert_us - $store.first_ticket_us) / 1e6 else 0 end)
        as $span
    | {accepted: $audit.accepted, accepted_per_s: (($audit.accepted // 0) / $seconds),
       granted: $store.granted, sold_out: $audit.sold_out, issuing_seconds: $span,
       granted_per_s: (if $span > 0 then $store.granted / $span else null end),
       committed_in_best_second: ([$store.series[].inserts] | max),
       ticket_to_insert_ms: $store.ticket_to_insert_ms,
       ticket_to_commit_ms: commits, series: $store.series} end;

# thresholds: omits those that only make k6 keep the outcomes apart.
def thresholds: [$k6.metrics | to_entries[] | .key as $metric
    | (.value.thresholds // {}) | to_entries[]
    | select(.key != "max>=0") | {$metric, expression: .key, ok: .value.ok}];

def judge($figure):
    if .exactly != null then $figure == .exactly elif .below != null then $figure < .below
    elif .at_most != null then $figure <= .at_most
    elif .at_least != null then $figure >= .at_least else null end;

def goals: . as $all | [($meta.goals // [])[]
    | (.figure | split(".")) as $path | ($all | getpath($path)) as $ours
    | . + {ours: $ours,
           ok: (if $meta.smoke or $ours == null then null else judge($ours) end)}];

($k6.state.testRunDurationMs / 1000) as $seconds
| ($meta | del(.goals, .smoke_quota, .long, .instant_wait_ms)) + {
    machine: $machine, load: load($seconds), latency_ms: latency("http_req_duration"),
    outcomes: outcomes, latency_by_outcome_ms: latency_by_outcome, store: store($seconds),
    cpu_s: $cpu, audit: $audit, thresholds: thresholds}
| . + {goals: goals}
| . + {ok: ((.thresholds | all(.ok)) and ($audit == null or $audit.ok == true))}
