# SPDX-License-Identifier: Apache-2.0
# The table for docs/load-testing.md: a row for each figure in a report or a goal. For jq -s with
# the summaries of several runs.
include "figures";

def cell: gsub("\\|"; "\\|");

def result:
    if .audit == null then empty
    else "| | audit | not reported | clean | \(if .audit.ok then "clean" else "**breach**" end) |"
    end;

"| scenario | figure | their result | goal | measured |", "|---|---|---|---|---|",
(.[] | select(.goals != []) | (.title | cell) as $title
    | (.goals | to_entries[] | .key as $i | .value | .figure as $f
        | "| \(if $i == 0 then $title else "" end) | \($f | wording) | \(.theirs | cell) | " +
            "\(goal) | \(.ours | told($f))\(if .ok == false then " (**missed**)" else "" end) |"),
      result)
