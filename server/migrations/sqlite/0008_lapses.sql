-- The TXT record of a validated domain, which is looked for every day: when last, since when and how often in a row it
-- was not there, and since when the domain has lapsed for that. Its status stays `validated` for servers of the version before.
ALTER TABLE domains ADD COLUMN txt_checked_at BIGINT;
ALTER TABLE domains ADD COLUMN txt_missing_since BIGINT;
ALTER TABLE domains ADD COLUMN txt_misses BIGINT NOT NULL DEFAULT 0;
ALTER TABLE domains ADD COLUMN lapsed_at BIGINT;
