-- SPDX-License-Identifier: Apache-2.0
-- Instant mode: how long the answer to a POST may wait for the decision.

ALTER TABLE campaigns ADD COLUMN IF NOT EXISTS
    instant_wait_ms INT UNSIGNED NOT NULL DEFAULT 0
        COMMENT 'how long a POST waits for its decision; 0: it does not wait';
