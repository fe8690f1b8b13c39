# SPDX-License-Identifier: Apache-2.0
# The figures of a run for the terminal.
include "figures";

def pad($n): . + " " * ([$n - length, 0] | max);
def pad_left($n): " " * ([$n - length, 0] | max) + .;

def row($name; $ours; $theirs; $rest):
    "  \($name | pad(34)) \($ours | pad_left(14))  \($theirs | pad(46)) \($rest)" | sub(" +$"; "");

"", .title + (if .smoke then " (smoke: a few seconds; its speed means nothing)" else "" end), "",
(if (.goals | length) > 0
    then row("figure"; "Onrush"; "the report"; "goal")
    else row("figure"; "Onrush"; ""; "") end),
(lines[] | row(.label; .ours; .theirs; .goal + (if .met == "" then "" else ": " + .met end))),
"",
"  outcomes   " +
    ([.outcomes | to_entries[] | select(.value > 0) | "\(outcome_names[.key]) \(.value | commas)"]
        | join(", ")),
"  thresholds " +
    (crossed | if length == 0 then "none crossed" else "CROSSED " + join("; ") end),
"  audit      " + verdict, ""
