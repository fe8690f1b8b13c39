# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The queries of the dashboards. Sourced after common.sh.

readonly DASHBOARDS=$ROOT/ops/grafana/dashboards

# queries: of all panels, with what Grafana puts in for its variables.
# shellcheck disable=SC2016 # the dollars are Grafana's
queries() {
    jq -r '.panels[] | .targets[]?.expr' "$DASHBOARDS"/*.json |
        sed -E 's/\$__rate_interval/1m/g; s/\$(campaign|instance)/.*/g'
}

# variables: the metrics that the choices of a dashboard come from.
variables() {
    jq -r '.templating.list[].definition' "$DASHBOARDS"/*.json
}

# ask QUERY: the answer of Prometheus; fails when it does not take the query.
ask() {
    curl -fsS --data-urlencode "query=$1" "$PROMETHEUS/api/v1/query"
}

# without_data: the queries that have no data now. What is empty by its nature is left out: the time until a campaign is
# sold out while nothing is granted, and outcomes that nobody gets.
without_data() {
    local query
    while read -r query; do
        [[ $query != *sells_out_seconds* && $query != *'> 0' ]] || continue
        [[ $(ask "$query" | jq '.data.result | length') != 0 ]] || echo "$query"
    done < <(queries)
}
