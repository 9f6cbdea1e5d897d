-- Up to which `seq` the events of a domain are classified for good. What progress says of the job `bursts` holds for
-- all domains.
CREATE TABLE settled (
    domain TEXT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL
);
