-- The owner of a domain may change, and what was one owner's stays with that ownership. `id` is what all columns
-- named `domain` hold: of the first ownership the domain's name, of later ones with `#2`, `#3` and so on behind it.
ALTER TABLE domains RENAME COLUMN name TO id;
ALTER TABLE domains ADD COLUMN name TEXT NOT NULL DEFAULT '';
UPDATE domains SET name = id;
CREATE UNIQUE INDEX domains_by_name ON domains (name) WHERE removed_at IS NULL;

-- Of a removed one: since when its data are to be deleted, and since when they are.
ALTER TABLE domains ADD COLUMN deletion_asked_at BIGINT;
ALTER TABLE domains ADD COLUMN deleted_at BIGINT;
CREATE INDEX campaigns_by_domain ON campaigns (domain);
