-- Settings of a domain's links, as JSON. NULL: none.
ALTER TABLE domains ADD COLUMN link_parameters TEXT;
ALTER TABLE domains ADD COLUMN click_parameters TEXT;
ALTER TABLE domains ADD COLUMN sealed_tokens BOOLEAN NOT NULL DEFAULT FALSE;

-- What a campaign changes of the domain's parameters. NULL: nothing; 'null': it gets none of them.
ALTER TABLE campaigns ADD COLUMN link_parameters TEXT;
