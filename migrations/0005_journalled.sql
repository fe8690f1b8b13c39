-- SPDX-License-Identifier: Apache-2.0
-- Requests that have moved from the journal into the queue. `onrushctl audit` checks that no later
-- request stands before them, except those that were already on their way to MariaDB.
-- ctl/audit_arrivals.h has the rule.

ALTER TABLE journal ADD COLUMN IF NOT EXISTS
    granted INT UNSIGNED NULL COMMENT 'campaigns.granted at the COMMIT of this row; NULL: unknown';

CREATE TABLE IF NOT EXISTS journalled (
    campaign_id INT UNSIGNED    NOT NULL,
    user_id     VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    ticket      BIGINT UNSIGNED NOT NULL COMMENT 'arrival at the gateway, µs since the epoch',
    granted     INT UNSIGNED    NULL COMMENT 'journal.granted',
    drained     INT UNSIGNED    NOT NULL COMMENT 'campaigns.granted at the drain',
    decided_to  BIGINT UNSIGNED NOT NULL
                COMMENT 'highest ticket that the scheduler had taken by then',
    batches     INT UNSIGNED    NOT NULL COMMENT 'most batches that scheduler may have under way',
    PRIMARY KEY (campaign_id, user_id)
) ENGINE = InnoDB;
