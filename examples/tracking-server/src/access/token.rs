//! The table of access tokens.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::Caller;
use crate::clock::Clock;
use crate::database::{Database, executing, reading};

const SECRET_BYTES: usize = 32;
/// 32 characters of any sensible alphabet can't be guessed.
const MIN_ADMIN_TOKEN_CHARS: usize = 32;
pub(crate) const ADMIN_ID: &str = "admin";

/// A secret that came from outside or is about to be shown once. No `Debug`, no `Display`.
pub(crate) struct AccessToken(String);

impl AccessToken {
    pub(crate) fn new(secret: String) -> Self {
        Self(secret)
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// Finds what the token allows.
    pub(crate) async fn caller(&self, database: &Database) -> Result<Option<Caller>, sqlx::Error> {
        let hash = self.hash();
        let row: Option<(String, Vec<u8>, Option<String>)> = reading!(database, pool => {
            sqlx::query_as("SELECT id, hash, domain FROM access_tokens WHERE hash = $1")
                .bind(hash.as_slice())
                .fetch_optional(pool)
        })?;
        Ok(row.and_then(|(id, stored, domain)| {
            bool::from(stored.ct_eq(&hash)).then_some(Caller { token: id, domain })
        }))
    }
}

/// 256 random bits in hexadecimal.
pub(crate) fn new_secret() -> String {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Stores the admin token that was set, or makes one at the first start, and returns it to be printed once.
pub(crate) async fn ensure_admin_token(
    database: &Database,
    clock: &Clock,
    given: Option<&str>,
) -> Result<Option<AccessToken>, Box<dyn std::error::Error>> {
    if let Some(given) = given {
        let chars = given.chars().count();
        if chars < MIN_ADMIN_TOKEN_CHARS {
            return Err(format!(
                "admin token has {chars} characters, expected at least {MIN_ADMIN_TOKEN_CHARS}"
            )
            .into());
        }
        let token = AccessToken::new(given.to_owned());
        executing!(
            database,
            sqlx::query(
                "INSERT INTO access_tokens (id, hash, name, domain, created_at) VALUES ($1, $2, 'admin', NULL, $3) \
                 ON CONFLICT (id) DO UPDATE SET hash = excluded.hash",
            )
            .bind(ADMIN_ID)
            .bind(token.hash().as_slice())
            .bind(clock.now())
        )?;
        return Ok(None);
    }
    let token = AccessToken::new(new_secret());
    let made = executing!(
        database,
        sqlx::query(
            "INSERT INTO access_tokens (id, hash, name, domain, created_at) VALUES ($1, $2, 'admin', NULL, $3) \
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(ADMIN_ID)
        .bind(token.hash().as_slice())
        .bind(clock.now())
    )?;
    Ok((made == 1).then_some(token))
}
