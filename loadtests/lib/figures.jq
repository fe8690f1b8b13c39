# SPDX-License-Identifier: Apache-2.0
# Names, units and goals of the figures. Included by table.jq, markdown.jq and report.jq.

def round_to($n): . * $n | round / $n;
def commas: round | tostring | [while(length > 0; .[:-3]) | .[-3:]] | reverse | join(",");

def kind:
    if test("_ms") then "ms" elif test("_per_s$") then "/s" elif test("share$") then "%"
    else "" end;

def shown($kind):
    if . == null then "-"
    elif $kind == "ms" then
        (if . >= 1000 then "\(. / 1000 | round_to(100)) s" else "\(round_to(100)) ms" end)
    elif $kind == "/s" then "\(commas)/s"
    elif $kind == "%" then "\(. * 100 | round_to(100)) %"
    else commas end;

# told($figure): adds the unit, and "≤" where only an upper bound is known.
def told($figure): shown($figure | kind)
    | if $figure | startswith("store.ticket_to_commit") then "≤ " + . else . end;

def wording: {
    "load.ok_share": "requests that did not fail",
    "load.answered_per_s": "answered",
    "load.offered_per_s": "offered",
    "load.dropped": "iterations dropped",
    "load.requests": "requests",
    "latency_ms.avg": "latency, mean",
    "latency_ms.p50": "latency, p50",
    "latency_ms.p90": "latency, p90",
    "latency_ms.p95": "latency, p95",
    "latency_ms.p99": "latency, p99",
    "latency_ms.max": "latency, highest",
    "load.granted_at_once_share": "answered with the coupon",
    "latency_by_outcome_ms.granted.p50": "latency with the coupon, p50",
    "latency_by_outcome_ms.granted.p95": "latency with the coupon, p95",
    "latency_by_outcome_ms.granted.p99": "latency with the coupon, p99",
    "store.accepted": "accepted",
    "store.accepted_per_s": "accepted",
    "store.granted": "granted",
    "store.granted_per_s": "granted, first ticket to last row",
    "store.committed_in_best_second": "rows in the best second",
    "store.ticket_to_insert_ms.p50": "ticket to row, p50",
    "store.ticket_to_insert_ms.p95": "ticket to row, p95",
    "store.ticket_to_insert_ms.p99": "ticket to row, p99",
    "store.ticket_to_commit_ms.p50": "ticket to COMMIT, p50",
    "store.ticket_to_commit_ms.p95": "ticket to COMMIT, p95",
    "store.ticket_to_commit_ms.p99": "ticket to COMMIT, p99"
}[.] // .;

def goal: (.figure | kind) as $k
    | if .exactly != null then "exactly \(.exactly | shown($k))"
    elif .below != null then "below \(.below | shown($k))"
    elif .at_most != null then "at most \(.at_most | shown($k))"
    elif .at_least != null then "at least \(.at_least | shown($k))"
    else "" end;

def met: if .ok == null then "" elif .ok then "met" else "MISSED" end;

# lines: the figures to print; those with a goal or from a report come first.
def lines: . as $all
    | [.goals[] | .figure as $f
        | {label: ($f | wording), ours: (.ours | told($f)), theirs, goal: goal, met: met, figure}]
        as $first
    | ["load.requests", "load.dropped", "load.offered_per_s", "load.answered_per_s",
       "store.accepted", "store.accepted_per_s", "store.granted", "store.granted_per_s",
       "store.committed_in_best_second",
       "latency_ms.avg", "latency_ms.p50", "latency_ms.p90", "latency_ms.p95", "latency_ms.p99",
       "latency_ms.max", "load.ok_share",
       "store.ticket_to_insert_ms.p50", "store.ticket_to_insert_ms.p95",
       "store.ticket_to_insert_ms.p99", "store.ticket_to_commit_ms.p50",
       "store.ticket_to_commit_ms.p95", "store.ticket_to_commit_ms.p99"]
    | map(select(. as $f | [$first[].figure] | index([$f]) | not))
    | $first + map(. as $f | {
        label: wording, ours: ($all | getpath($f | split(".")) | told($f)), theirs: "", goal: "",
        met: "", figure: .})
    | map(select(.theirs != "" or (.ours | test("-$") | not)));

def verdict:
    if .audit == null then "not looked at: no stack was given"
    elif .audit.ok == true then "every promise that was checked holds"
    elif .audit.ok == null then "unknown: Redis could not be asked"
    else "BREACH: a promise is broken" end;

def crossed: [.thresholds[] | select(.ok | not) | "\(.metric): \(.expression)"];

def outcome_names: {
    queued: "queued", granted: "granted at once", sold_out: "sold out",
    already: "already had asked", limited: "limited", error: "error"};
