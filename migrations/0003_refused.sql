-- SPDX-License-Identifier: Apache-2.0
-- Requests that were refused for good, with the reason: a record for people that outlives Redis.
-- A user in this table who also has a coupon was refused once and got it later.

CREATE TABLE IF NOT EXISTS refused (
    campaign_id INT UNSIGNED    NOT NULL,
    member      VARBINARY(64)   NOT NULL COMMENT 'user id, or the first 64 bytes of an invalid one',
    ticket      BIGINT UNSIGNED NOT NULL COMMENT '0: unknown',
    reason      VARCHAR(32)     CHARACTER SET ascii NOT NULL COMMENT 'row-refused, undecodable',
    detail      VARBINARY(255)  NOT NULL DEFAULT '' COMMENT 'error of MariaDB',
    refused_at  DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (campaign_id, member)
) ENGINE = InnoDB;
