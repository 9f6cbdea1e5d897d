-- Times are Unix milliseconds, unless a name ends in _s: Unix seconds.

CREATE TABLE domains (
    name TEXT PRIMARY KEY NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'validated', 'external')),
    verification TEXT NOT NULL,
    click_tracking BOOLEAN NOT NULL,
    open_tracking BOOLEAN NOT NULL,
    tracking_host TEXT,
    cname_state TEXT NOT NULL DEFAULT 'unchecked',
    cname_seen TEXT,
    cname_checked_at BIGINT,
    ip_storage TEXT NOT NULL DEFAULT 'truncated' CHECK (ip_storage IN ('full', 'truncated', 'none')),
    keep_mail BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    validated_at BIGINT,
    removed_at BIGINT
);

CREATE TABLE signing_keys (
    id BIGSERIAL PRIMARY KEY,
    domain TEXT NOT NULL REFERENCES domains (name),
    secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);

CREATE TABLE access_tokens (
    id TEXT PRIMARY KEY NOT NULL,
    hash BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    domain TEXT REFERENCES domains (name),
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    hash BYTEA PRIMARY KEY NOT NULL,
    access_token TEXT NOT NULL REFERENCES access_tokens (id) ON DELETE CASCADE,
    csrf TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- HTML as bytes: a document keeps its NULs, which PostgreSQL has no text for.
CREATE TABLE campaigns (
    id TEXT PRIMARY KEY NOT NULL,
    domain TEXT NOT NULL REFERENCES domains (name),
    message TEXT NOT NULL,
    html BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- What is known of a message: since when, and the mail for its click map, if it is kept.
CREATE TABLE messages (
    domain TEXT NOT NULL REFERENCES domains (name),
    message TEXT NOT NULL,
    html TEXT,
    first_at BIGINT NOT NULL,
    PRIMARY KEY (domain, message)
);

-- How many mails were rewritten: one row for each group of them that was counted together.
CREATE TABLE rewritten (
    id BYTEA PRIMARY KEY NOT NULL,
    domain TEXT NOT NULL,
    message TEXT NOT NULL,
    at BIGINT NOT NULL,
    mails BIGINT NOT NULL
);
CREATE INDEX rewritten_by_message ON rewritten (domain, message, at);

-- `seq` is the order of storing, which pages of the log go by; `id` makes storing twice store once.
-- `reasons` are words with commas between them.
CREATE TABLE events (
    seq BIGSERIAL PRIMARY KEY,
    id BYTEA NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    domain TEXT NOT NULL,
    message TEXT NOT NULL,
    recipient TEXT NOT NULL,
    position BIGINT,
    name TEXT,
    destination TEXT,
    placement TEXT,
    at BIGINT NOT NULL,
    sent_at_s BIGINT,
    method TEXT NOT NULL,
    ip TEXT,
    user_agent TEXT,
    referer TEXT,
    accept_language TEXT,
    machine TEXT NOT NULL,
    reasons TEXT NOT NULL
);
CREATE INDEX events_by_message ON events (domain, message, at);
CREATE INDEX events_by_time ON events (domain, at);

-- Which events are a recipient's. Filled behind: an index that each commit had to keep would cost a commit
-- one page for each of its events, since recipients come in no order.
CREATE TABLE timeline (
    domain TEXT NOT NULL,
    recipient TEXT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (domain, recipient, seq)
);

-- How far a background job has come in the log.
CREATE TABLE progress (
    job TEXT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL
);
