-- SPDX-License-Identifier: Apache-2.0
-- The first schema. Times are UTC; names and user ids are ASCII and compare byte by byte.
-- A migration may be interrupted and run again, so every statement must be repeatable.

CREATE TABLE IF NOT EXISTS campaigns (
    id          INT UNSIGNED    NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name        VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE,
    quota       INT UNSIGNED    NOT NULL COMMENT 'number of coupons',
    overflow    INT             NOT NULL DEFAULT 1000
                COMMENT 'requests admitted beyond the quota; -1: no limit',
    state       VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'scheduled'
                                COMMENT 'scheduled, open, paused, closed, settled',
    opens_at    DATETIME(6)     NOT NULL,
    closes_at   DATETIME(6)     NULL COMMENT 'NULL: no closing time',
    granted     INT UNSIGNED    NOT NULL DEFAULT 0
                COMMENT 'rows in coupons; only the guard UPDATE changes it',
    watermark   BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'highest ticket of a committed batch',
    owner       VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
                COMMENT 'the scheduler with the lease',
    epoch       BIGINT UNSIGNED NOT NULL DEFAULT 0
                COMMENT 'grows with each owner; fences the former one',
    lease_until DATETIME(6)     NOT NULL DEFAULT '2000-01-01',
    created_at  DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    CHECK (granted <= quota)
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS coupons (
    campaign_id INT UNSIGNED    NOT NULL,
    serial      INT UNSIGNED    NOT NULL COMMENT '1..quota, in ticket order',
    user_id     VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    code        CHAR(19)        CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    ticket      BIGINT UNSIGNED NOT NULL COMMENT 'arrival in µs since the epoch',
    granted_at  DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (campaign_id, serial),
    UNIQUE KEY one_per_user (campaign_id, user_id),
    UNIQUE KEY one_code (code)
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS audit_log (
    id          BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    at          DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    actor       VARCHAR(64)     NOT NULL COMMENT 'user@host of onrushctl',
    action      VARCHAR(32)     CHARACTER SET ascii NOT NULL,
    campaign    VARCHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    detail      VARCHAR(255)    NOT NULL DEFAULT ''
) ENGINE = InnoDB;
