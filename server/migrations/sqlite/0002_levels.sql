-- How closely a domain's clicks and opens are tracked: off, anonymous, identified. `click_tracking` and
-- `open_tracking`, which servers before this version read, are false where the level is off.
ALTER TABLE domains ADD COLUMN click_level TEXT NOT NULL DEFAULT 'identified';
ALTER TABLE domains ADD COLUMN open_level TEXT NOT NULL DEFAULT 'identified';

ALTER TABLE events ADD COLUMN level TEXT NOT NULL DEFAULT 'identified';

-- By which a domain's recipients get their pseudonyms.
CREATE TABLE recipient_keys (
    domain TEXT PRIMARY KEY NOT NULL,
    secret BLOB NOT NULL
);

-- What was agreed with a recipient, whose id is not stored, only a keyed hash of it, the pseudonym.
-- Levels are 0 (off), 1 (anonymous) and 2 (identified). When a level is raised, the one before still holds for
-- events up to that time: they may wait in a spool. Events up to `erased_at` are stored anonymously.
CREATE TABLE recipients (
    domain TEXT NOT NULL,
    pseudonym TEXT NOT NULL,
    click_level BIGINT NOT NULL DEFAULT 2,
    open_level BIGINT NOT NULL DEFAULT 2,
    changed_at BIGINT,
    earlier_click_level BIGINT NOT NULL DEFAULT 2,
    earlier_open_level BIGINT NOT NULL DEFAULT 2,
    raised_at BIGINT,
    erased_at BIGINT,
    PRIMARY KEY (domain, pseudonym)
) WITHOUT ROWID;
