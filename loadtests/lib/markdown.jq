# Rows for the table in docs/load-testing.md: the summaries of several runs in, one row a run out. jq -s.
include "figures";

def cell: gsub("\\|"; "\\|");

"| scenario | their result | goal | measured |", "|---|---|---|---|",
(.[] | select(.goals != []) | "| **\(.scenario)** \(.title | cell) | "
    + ([.goals[] | select(.theirs | test("^not ") | not) | "\(.figure | wording) \(.theirs)"] | join("; "))
    + " | " + ([.goals[] | {l: (.figure | wording), g: goal} | select(.g != "") | "\(.l) \(.g)"] | join("; "))
    + " | " + ([.goals[] | (.figure | kind) as $k | "\(.figure | wording) \(.ours | shown($k))\(if .ok == false then " (**missed**)" else "" end)"] | join("; "))
    + (if .audit == null then "" elif .audit.ok then "; audit clean" else "; **audit: breach**" end) + " |")
