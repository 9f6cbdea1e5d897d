-- The fingerprint of the key that `secret` is encrypted by. NULL: the secret is stored as it is.
ALTER TABLE signing_keys ADD COLUMN encrypted_by TEXT;
