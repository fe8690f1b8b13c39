-- Requests that were in the journal and are in the queue now. `onrushctl audit` compares the grants with them: whoever came
-- later, and was not on the way to MariaDB already, does not stand before them. How it judges: ctl/audit_arrivals.h.

ALTER TABLE journal ADD COLUMN IF NOT EXISTS
    granted INT UNSIGNED NULL COMMENT 'campaigns.granted, which is locked from before this row was written until its COMMIT; NULL: not known';

CREATE TABLE IF NOT EXISTS journalled (
    campaign_id INT UNSIGNED    NOT NULL,
    user_id     VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    ticket      BIGINT UNSIGNED NOT NULL COMMENT 'arrival at the gateway in µs since the epoch',
    granted     INT UNSIGNED    NULL COMMENT 'journal.granted',
    drained     INT UNSIGNED    NOT NULL COMMENT 'campaigns.granted when the row was in the queue',
    decided_to  BIGINT UNSIGNED NOT NULL COMMENT 'the highest ticket that the scheduler had taken into its line by then',
    batches     INT UNSIGNED    NOT NULL COMMENT 'how many batches that scheduler may have under way',
    PRIMARY KEY (campaign_id, user_id)
) ENGINE = InnoDB;
