-- Requests that were in the journal and are in the queue now. `onrushctl audit` compares the grants with them: nobody who was
-- granted later than such a request was written may stand before it with a later arrival.

ALTER TABLE journal ADD COLUMN IF NOT EXISTS
    written_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) COMMENT 'when the row was inserted; it is committed a little later';

CREATE TABLE IF NOT EXISTS journalled (
    campaign_id INT UNSIGNED    NOT NULL,
    user_id     VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    ticket      BIGINT UNSIGNED NOT NULL COMMENT 'arrival at the gateway in µs since the epoch',
    written_at  DATETIME(6)     NOT NULL COMMENT 'journal.written_at',
    PRIMARY KEY (campaign_id, user_id)
) ENGINE = InnoDB;
