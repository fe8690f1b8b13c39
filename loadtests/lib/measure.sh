# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Measurements from the stores and processes of a run. Sourced by loadtests/run after a stack's env
# file (ops/stack).

# sql: runs the query on standard input and prints the rows without names.
sql() {
    MYSQL_PWD=$DB_PASSWORD mariadb --no-defaults --socket="$DB_SOCKET" --user="$DB_USER" \
        "$DB_NAME" --skip-column-names --batch --raw --init-command="SET time_zone = '+00:00'"
}

# measure_store CAMPAIGN: prints what MariaDB holds, as JSON. granted_at is the time of the INSERT;
# the COMMIT follows.
measure_store() {
    sql <<END | jq -s '.[0] + {series: [.[1:][] | {second: .[0], tickets: .[1], inserts: .[2]}]}'
CREATE TEMPORARY TABLE rows_of AS
  SELECT CAST(ticket AS SIGNED) AS ticket_us,
         CAST(UNIX_TIMESTAMP(granted_at) * 1000000 AS SIGNED) AS insert_us
    FROM coupons JOIN campaigns ON campaigns.id = campaign_id WHERE name = '$1';
SET @n = (SELECT COUNT(*) FROM rows_of);
SELECT JSON_OBJECT('granted', COUNT(*), 'first_ticket_us', MIN(ticket_us),
         'last_insert_us', MAX(insert_us), 'ticket_to_insert_ms', JSON_OBJECT(
           'p50', MAX(IF(place = CEIL(@n * 0.50), us, NULL)) / 1000,
           'p95', MAX(IF(place = CEIL(@n * 0.95), us, NULL)) / 1000,
           'p99', MAX(IF(place = CEIL(@n * 0.99), us, NULL)) / 1000,
           'max', MAX(us) / 1000))
  FROM (SELECT ticket_us, insert_us, insert_us - ticket_us AS us,
               ROW_NUMBER() OVER (ORDER BY insert_us - ticket_us) AS place
          FROM rows_of) AS placed;
SELECT JSON_ARRAY(second, CAST(SUM(tickets) AS SIGNED), CAST(SUM(inserts) AS SIGNED)) FROM (
    SELECT ticket_us DIV 1000000 AS second, COUNT(*) AS tickets, 0 AS inserts
      FROM rows_of GROUP BY second
    UNION ALL SELECT insert_us DIV 1000000, 0, COUNT(*) FROM rows_of GROUP BY 1) AS both_kinds
  GROUP BY second ORDER BY second;
END
}

scheduler_urls() {
    local name
    for name in "${!SCHEDULER@}"; do
        [[ $name != *_ADMIN_URL ]] || printf '%s\n' "${!name}"
    done
}

# measure_commits: prints the schedulers' histogram from ticket to COMMIT as JSON {"bound in
# seconds": count so far}.
measure_commits() {
    local url
    for url in $(scheduler_urls); do
        curl -sf --max-time 5 "$url/metrics"
    done | awk -F'[" ]' '/^onrush_scheduler_ticket_to_commit_seconds_bucket/ { n[$2] += $NF }
        END {
            printf "{"; for (le in n) { printf "%s\"%s\":%d", sep, le, n[le]; sep = "," } print "}"
        }'
}

# cpu_ticks PID: prints the processor time that a process has used.
cpu_ticks() {
    local stat fields
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || { echo 0 && return; }
    read -ra fields <<<"${stat##*) }"
    echo $((fields[11] + fields[12]))
}

# measure_cpu: prints the processor seconds of the first process of each kind, as JSON.
measure_cpu() {
    local tick
    tick=$(getconf CLK_TCK)
    jq -n --argjson tick "$tick" \
        '{gateway: $g, scheduler: $s, redis: $r, mariadb: $m} | map_values(tonumber / $tick)' \
        --arg g "$(cpu_ticks "$GATEWAY_PID")" --arg s "$(cpu_ticks "$SCHEDULER_PID")" \
        --arg r "$(cpu_ticks "$REDIS_PID")" --arg m "$(cpu_ticks "$MARIADB_PID")"
}

measure_machine() {
    jq -n --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
        --argjson cores "$(nproc)" --arg kernel "$(uname -sr)" \
        --arg k6 "$("$K6" version | head -n 1)" '{$cores, $cpu, $kernel, $k6}'
}
