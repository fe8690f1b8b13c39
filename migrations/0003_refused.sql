-- Requests that were refused for good, and why: notes for people, so that they outlive Redis. Who stands here and has a coupon
-- as well was refused once, and got it later.

CREATE TABLE IF NOT EXISTS refused (
    campaign_id INT UNSIGNED    NOT NULL,
    member      VARBINARY(64)   NOT NULL COMMENT 'the user id; or what stood in the queue and is none, cut off after 64 bytes',
    ticket      BIGINT UNSIGNED NOT NULL COMMENT '0: none',
    reason      VARCHAR(32)     CHARACTER SET ascii NOT NULL COMMENT 'row-refused, undecodable',
    detail      VARBINARY(255)  NOT NULL DEFAULT '' COMMENT 'what MariaDB said of the row',
    refused_at  DATETIME(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (campaign_id, member)
) ENGINE = InnoDB;
