/* SPDX-License-Identifier: Apache-2.0 */
/* The planted bugs: rules that can be left out; `sim --all-bugs` must notice each. If a second rule
 * backs a rule up, both are left out together. */
#ifndef ONRUSH_TESTS_PLANTED_BUGS_H
#define ONRUSH_TESTS_PLANTED_BUGS_H

#define SIM_BUGS(X)                                                                                \
    X(BUG_NONE, "none")                                                                            \
    X(BUG_GUARD_WITHOUT_EPOCH, "guard-without-epoch")                                              \
    X(BUG_ACK_BEFORE_COMMIT, "ack-before-commit")                                                  \
    X(BUG_LEASE_WITHOUT_EPOCH, "lease-without-epoch")                                              \
    X(BUG_SERIAL_REUSED, "serial-reused")                                                          \
    X(BUG_GAPS_FORGOTTEN, "gaps-forgotten")                                                        \
    X(BUG_NO_READ_BACK, "no-read-back")                                                            \
    X(BUG_LOSER_FINAL_EARLY, "loser-final-early")                                                  \
    X(BUG_MARK_NOT_SET_BACK, "mark-not-set-back")                                                  \
    X(BUG_MARK_BACK_BY_A_CHANGE, "mark-back-by-a-change")                                          \
    X(BUG_ENTRY_BELOW_MARK, "entry-below-mark")                                                    \
    X(BUG_RANGE_TAKES_PARKED, "range-takes-parked")                                                \
    X(BUG_CLAIM_UNFENCED, "claim-unfenced")                                                        \
    X(BUG_CLAIM_POPS, "claim-pops")                                                                \
    X(BUG_CLAIM_OUT_OF_ORDER, "claim-out-of-order")                                                \
    X(BUG_NO_WATERMARK, "no-watermark")                                                            \
    X(BUG_TICKET_NOT_KEPT, "ticket-not-kept")                                                      \
    X(BUG_NO_RESTORE, "no-restore")                                                                \
    X(BUG_MOVES_NOT_COMPARED, "moves-not-compared")                                                \
    X(BUG_NO_REVIVE, "no-revive")                                                                  \
    X(BUG_FLAG_CARRIED_OVER, "flag-carried-over")                                                  \
    X(BUG_RENOUNCE_ONCE, "renounce-once")                                                          \
    X(BUG_JOURNAL_NOT_DRAINED, "journal-not-drained")                                              \
    X(BUG_JOURNAL_DELETED_FIRST, "journal-deleted-first")                                          \
    X(BUG_JOURNAL_NEVER_ENDS, "journal-never-ends")                                                \
    X(BUG_NO_LOOK_AFTER_CLAIM, "no-look-after-claim")                                              \
    X(BUG_DRAIN_KEEPS_LATER, "drain-keeps-later")                                                  \
    X(BUG_DRAIN_BELOW_WATERMARK, "drain-below-watermark")                                          \
    X(BUG_DRAIN_TAKES_USED_TICKET, "drain-takes-used-ticket")                                      \
    X(BUG_ODD_STAYS, "odd-stays")                                                                  \
    X(BUG_REFUSAL_NOT_NOTED, "refusal-not-noted")

enum sim_bug {
#define X(id, text) id,
    SIM_BUGS(X)
#undef X
        BUGS
};

#endif
