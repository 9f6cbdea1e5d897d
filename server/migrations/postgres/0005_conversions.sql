-- What came of clicks, as their sites report it. Of a click it has the id alone, so that it says of nobody what the
-- click does not say. `id` is the reporter's; `amount` is in units of 1/10000, written with so many `decimals`.
CREATE TABLE conversions (
    seq BIGSERIAL PRIMARY KEY,
    domain TEXT NOT NULL,
    id TEXT NOT NULL,
    click_id BYTEA NOT NULL,
    name TEXT NOT NULL,
    amount BIGINT,
    decimals BIGINT,
    currency TEXT,
    at BIGINT NOT NULL,
    UNIQUE (domain, id)
);
CREATE INDEX conversions_by_time ON conversions (domain, at);
