-- Since when a message's mail is kept; null for mail from before this column, which is as old as its message.
ALTER TABLE messages ADD COLUMN kept_at BIGINT;

CREATE INDEX campaigns_by_age ON campaigns (domain, created_at);
CREATE INDEX messages_kept ON messages (domain) WHERE html IS NOT NULL;
