# SPDX-License-Identifier: Apache-2.0
# report.html of a run: one file that loads nothing else. $dashboard: k6's own report (its web
# dashboard), shown in a frame.
include "figures";

def cell($tag): "<\($tag)>\(. | @html)</\($tag)>";
def table_row($cells): "<tr>" + ($cells | map(cell("td")) | join("")) + "</tr>";

def figures_table:
    "<table><tr><th>figure<th>Onrush" +
        "\(if (.goals | length) > 0 then "<th>the report<th>goal<th>" else "" end)</tr>",
    (lines[] | "<tr><td>\(.label | @html)<td class=n>\(.ours | @html)<td>\(.theirs | @html)" +
        "<td>\(.goal | @html)<td class=\"\(.met)\">\(.met)</tr>"),
    "</table>";

# polyline: scales points {second, n} to the picture; $top: the value at its upper edge.
def polyline($points; $top; $first; $span; $class):
    "<polyline class=\($class) points=\""
    + ([$points[]
        | "\((50 + 740 * (.second - $first) / $span) | round_to(10))," +
            "\((190 - 170 * .n / $top) | round_to(10))"] | join(" ")) + "\"/>";

# grid: lines and labels at each quarter of $top.
def grid($top; $span):
    (range(0; 5) | (190 - 170 * . / 4) as $y
        | "<line x1=50 x2=790 y1=\($y) y2=\($y) class=grid />" +
            "<text x=44 y=\($y + 4) text-anchor=end>\($top * . / 4 | commas)</text>"),
    (range(0; 5) | "<text x=\(50 + 740 * . / 4) y=208 text-anchor=middle>" +
        "\($span * . / 4 | round_to(10)) s</text>");

# filled: adds a 0 for each second without a row, including the seconds before and after, so that
# the line shows no gap.
def filled: . as $series | (.[0].second) as $first | (.[-1].second) as $last
    | (map({key: "\(.second)", value: .}) | from_entries) as $known
    | [range($first - 1; $last + 2)
        | $known["\(.)"] // {second: ., tickets: 0, inserts: 0}];

def plot: if (.store.series // []) == [] then "<p>No coupon was granted.</p>" else
    (.store.series | filled) as $s | ([$s[] | .tickets, .inserts] | max) as $top
    | $s[0].second as $first | ($s[-1].second - $first) as $span
    | "<svg viewBox=\"0 0 820 215\" role=img aria-label=\"tickets and rows a second\">",
      grid($top; $span),
      polyline([$s[] | {second, n: .tickets}]; $top; $first; $span; "tickets"),
      polyline([$s[] | {second, n: .inserts}]; $top; $first; $span; "inserts"), "</svg>",
      "<p><b class=tickets>&#9473;</b> tickets that won a coupon, " +
          "by the second in which they were given &nbsp; " +
          "<b class=inserts>&#9473;</b> rows in MariaDB, by the second of their INSERT</p>" end;

def checks: if .audit == null then "" else "<table>",
    (.audit | to_entries[] | select(.value | type == "number" or type == "boolean")
        | table_row([.key, (.value | tostring)])),
    "</table>" end;

def style: [
    "body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;" +
        "color:#1c2330;background:#fff}",
    "h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}" +
        "table{border-collapse:collapse}" +
        "td,th{padding:.2rem .8rem;text-align:left;border-bottom:1px solid #dde1e8}",
    ".n{text-align:right;font-variant-numeric:tabular-nums}.met{color:#0a7a3d}" +
        ".MISSED,.bad{color:#b3261e;font-weight:600}svg{width:100%;height:auto}",
    "svg text{font-size:11px;fill:#5b6475}.grid{stroke:#e4e7ec}" +
        "polyline{fill:none;stroke-width:2}polyline.tickets{stroke:#2563c9}" +
        "polyline.inserts{stroke:#d9780f;stroke-dasharray:5 3}",
    "b.tickets{color:#2563c9}b.inserts{color:#d9780f}" +
        "iframe{width:100%;height:110rem;border:1px solid #dde1e8}"] | join("\n");

"<!doctype html><html lang=en><meta charset=utf-8>" +
    "<meta name=viewport content=\"width=device-width\">" +
    "<title>\(.scenario | @html): load test</title><style>\(style)</style>",
"<h1>\(.title | @html)</h1>",
(if .smoke
    then "<p><b>A smoke run: a few seconds, to see that everything fits together. " +
        "Its speed means nothing.</b></p>"
    else "" end),
"<p>Scenario <code>\(.scenario | @html)</code>, \(.started_at | @html), " +
    "\(.load.seconds | round_to(10)) s of load. \(.machine.k6 | @html), " +
    "on \(.machine.cores) cores (\(.machine.cpu | @html), \(.machine.kernel | @html)).",
(if .cpu_s
    then " Processor seconds: " +
        ([.cpu_s | to_entries[] | "\(.key) \(.value | round_to(10))"] | join(", ")) + "."
    else "" end), "</p>",
"<p>Thresholds: " +
    (crossed | if length == 0 then "none crossed"
        else "<span class=bad>crossed: \(join("; ") | @html)</span>" end) +
    ". Audit: <span class=\(if .audit and .audit.ok != true then "bad" else "good" end)>" +
    "\(verdict | @html)</span>.</p>",
"<h2>Figures</h2>", figures_table,
"<h2>Outcomes</h2><p>What the answers said, apart from whether HTTP worked.</p>" +
    "<table><tr><th>outcome<th>answers<th>p50<th>p95<th>p99<th>highest</tr>",
(.latency_by_outcome_ms as $latency | .outcomes | to_entries[] | $latency[.key] as $l
    | table_row([outcome_names[.key], (.value | commas)] +
        ([$l.p50, $l.p95, $l.p99, $l.max] | map(if . then shown("ms") else "" end)))),
"</table>",
(if .store then "<h2>From the ticket to the row</h2>", plot else "" end),
"<h2>Thresholds</h2><table>",
(.thresholds[] | table_row([.metric, .expression, (if .ok then "holds" else "CROSSED" end)])),
"</table>",
(if .audit then "<h2>Audit</h2>", checks else "" end),
(if $dashboard != ""
    then "<h2>k6</h2><p>k6&rsquo;s own plots and figures.</p>" +
        "<iframe title=\"k6\" srcdoc=\"\($dashboard | @html)\"></iframe>"
    else "" end),
"</html>"
