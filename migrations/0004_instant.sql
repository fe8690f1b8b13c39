-- Instant mode: how long the answer to a POST may wait for the decision.

ALTER TABLE campaigns ADD COLUMN IF NOT EXISTS
    instant_wait_ms INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'a POST waits so long for its decision before it is answered 202; 0: not at all';
