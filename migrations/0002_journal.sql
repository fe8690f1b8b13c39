-- SPDX-License-Identifier: Apache-2.0
-- Requests that gateways accepted while Redis was away. When Redis is back, a scheduler moves them
-- into the queue by arrival, and deletes them here.

CREATE TABLE IF NOT EXISTS journal (
    id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    campaign_id INT UNSIGNED    NOT NULL,
    user_id     VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    ticket      BIGINT UNSIGNED NOT NULL
                COMMENT 'arrival at the gateway, µs since the epoch; not yet a place',
    gateway     VARCHAR(64)     CHARACTER SET ascii NOT NULL,
    UNIQUE KEY one_per_user (campaign_id, user_id),
    KEY by_arrival (campaign_id, ticket)
) ENGINE = InnoDB;
