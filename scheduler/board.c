#include "scheduler/board.h"

#include <stdlib.h>
#include <string.h>

#define METRICS_SHARD campaign_metrics
METRICS_TABLE(campaign_metrics_table, CAMPAIGN_METRICS);

struct sheet {
    int64_t at_us;   /* monotonic; when it was written */
    size_t n, extra; /* campaigns on it; those that are summed up in `other` */
    struct campaign_metrics other;
    struct metrics_labelled labels[BOARD_CAMPAIGNS + 1];
    struct campaign_metrics campaigns[BOARD_CAMPAIGNS];
};

struct sheet *board_new_sheet(int64_t now_us)
{
    struct sheet *sheet = malloc(sizeof *sheet);
    if (sheet != NULL) {
        sheet->at_us = now_us;
        sheet->n = sheet->extra = 0;
    }
    return sheet;
}

/* worst: sums tell nothing of how old something is: the oldest counts; of leases the shortest. */
static int64_t worst(const struct metric_row *row, int64_t a, int64_t b)
{
    bool least = row->offset == offsetof(struct campaign_metrics, lease);
    return (a < b) == least ? a : b;
}

static void merge(struct campaign_metrics *into, const struct campaign_metrics *from)
{
    for (size_t i = 0; i < campaign_metrics_table.n; i++) {
        const struct metric_row *row = &campaign_metrics_table.rows[i];
        metric_value *sum = metric_at(into, row->offset);
        int64_t a = metric_get(sum), b = metric_get(metric_at(from, row->offset));
        if (a == METRIC_ABSENT || b == METRIC_ABSENT)
            metric_set(sum, a == METRIC_ABSENT ? b : a);
        else
            metric_set(sum, metric_in_seconds(row->name) ? worst(row, a, b) : a + b);
    }
}

void board_add(struct sheet *sheet, const char *name, const struct campaign_metrics *metrics)
{
    if (sheet->n == BOARD_CAMPAIGNS) {
        if (sheet->extra++ == 0)
            memcpy(&sheet->other, metrics, sizeof sheet->other);
        else
            merge(&sheet->other, metrics);
        return;
    }
    struct metrics_labelled *label = &sheet->labels[sheet->n];
    memcpy(&sheet->campaigns[sheet->n++], metrics, sizeof *metrics);
    snprintf(label->label, sizeof label->label, "campaign=\"%s\"", name);
}

void board_publish(struct board *board, struct sheet *sheet)
{
    if (sheet != NULL)
        free(atomic_exchange(&board->sheet, sheet));
}

/* let_pass: the durations go on since the sheet was written. */
static void let_pass(struct campaign_metrics *m, int64_t us)
{
    if (metric_get(&m->lease) != METRIC_ABSENT)
        metric_add(&m->lease, -us);
    if (metric_get(&m->oldest) > 0)
        metric_add(&m->oldest, us);
    if (metric_get(&m->age) != METRIC_ABSENT)
        metric_add(&m->age, us);
}

static void bring_up_to(struct sheet *sheet, int64_t now_us)
{
    for (size_t i = 0; i < sheet->n; i++)
        let_pass(&sheet->campaigns[i], now_us - sheet->at_us);
    if (sheet->extra > 0)
        let_pass(&sheet->other, now_us - sheet->at_us);
    sheet->at_us = now_us;
}

/* put_back: unless there is a newer one by now. */
static void put_back(struct board *board, struct sheet *sheet)
{
    struct sheet *none = NULL;
    if (!atomic_compare_exchange_strong(&board->sheet, &none, sheet))
        free(sheet);
}

void board_render(struct board *board, FILE *out, int64_t now_us)
{
    struct sheet *sheet = atomic_exchange(&board->sheet, NULL);
    if (sheet == NULL)
        return;
    size_t n = sheet->n;
    bring_up_to(sheet, now_us);
    for (size_t i = 0; i < n; i++)
        sheet->labels[i].shard = &sheet->campaigns[i];
    if (sheet->extra > 0)
        sheet->labels[n++] =
            (struct metrics_labelled){.label = "campaign=\"other\"", .shard = &sheet->other};
    metrics_render_labelled(out, &campaign_metrics_table, sheet->labels, n);
    put_back(board, sheet);
}

void board_clear(struct board *board)
{
    free(atomic_exchange(&board->sheet, NULL));
}
