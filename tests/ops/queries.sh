# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The queries of the dashboards. Sourced after common.sh.

readonly DASHBOARDS=$ROOT/ops/grafana/dashboards

# queries: prints the queries of all panels with Grafana's variables filled in.
# shellcheck disable=SC2016 # the dollars are Grafana's
queries() {
    jq -r '.panels[] | .targets[]?.expr' "$DASHBOARDS"/*.json |
        sed -E 's/\$__rate_interval/1m/g; s/\$(campaign|instance)/.*/g'
}

# variables: prints the metrics behind a dashboard's choices.
variables() {
    jq -r '.templating.list[].definition' "$DASHBOARDS"/*.json
}

# ask QUERY: prints the answer of Prometheus; fails if it rejects the query.
ask() {
    curl -fsS --data-urlencode "query=$1" "$PROMETHEUS/api/v1/query"
}

# without_data: prints the queries without data now. It omits those that are empty by nature: the
# time until a campaign sells out while nothing is granted, and outcomes that nobody gets.
without_data() {
    local query
    while read -r query; do
        [[ $query != *sells_out_seconds* && $query != *'> 0' ]] || continue
        [[ $(ask "$query" | jq '.data.result | length') != 0 ]] || echo "$query"
    done < <(queries)
}
