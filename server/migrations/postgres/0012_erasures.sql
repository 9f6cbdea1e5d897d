-- Recipients whose identity is to be taken out of all that is stored, and those of whom it is. Their id is here only
-- as long as that is under way; what stays is the pseudonym, as in table `recipients`.
-- `seq` is how far it has come in the log; `events`, how many were made anonymous in all. One server carries it out:
-- `carried_by` is that process, and any other may take over after `carried_until`.
CREATE TABLE erasures (
    domain TEXT NOT NULL,
    pseudonym TEXT NOT NULL,
    recipient TEXT,
    asked_at BIGINT NOT NULL,
    seq BIGINT NOT NULL DEFAULT 0,
    events BIGINT NOT NULL DEFAULT 0,
    done_at BIGINT,
    carried_by TEXT NOT NULL DEFAULT '',
    carried_until BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (domain, pseudonym)
);
CREATE INDEX erasures_running ON erasures (asked_at) WHERE done_at IS NULL;
