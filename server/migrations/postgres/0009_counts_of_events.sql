-- For how many requests an event stands: more than one where repeats were gathered.
ALTER TABLE events ADD COLUMN count BIGINT NOT NULL DEFAULT 1;
