//! The table of access tokens.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::Caller;
use crate::app::App;
use crate::clock::Clock;
use crate::database::{Database, executing, reading};
use crate::failure::Failure;

const SECRET_BYTES: usize = 32;
/// 32 characters of any sensible alphabet can't be guessed.
const MIN_ADMIN_TOKEN_CHARS: usize = 32;
const MAX_NAME_CHARS: usize = 100;
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
            bool::from(stored.ct_eq(&hash)).then_some(Caller {
                token: id,
                domain,
                place: None,
            })
        }))
    }
}

/// What each token allows, by its hash.
pub(super) async fn all(database: &Database) -> Result<HashMap<[u8; 32], Caller>, sqlx::Error> {
    let rows: Vec<(String, Vec<u8>, Option<String>)> = reading!(database, pool => {
        sqlx::query_as("SELECT id, hash, domain FROM access_tokens").fetch_all(pool)
    })?;
    let caller = |(token, hash, domain): (String, Vec<u8>, Option<String>)| {
        let caller = Caller {
            token,
            domain,
            place: None,
        };
        Some((hash.try_into().ok()?, caller))
    };
    Ok(rows.into_iter().filter_map(caller).collect())
}

/// An access token as it is listed: all but the token.
#[derive(serde::Serialize, sqlx::FromRow)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `None`: all domains.
    pub(crate) domain: Option<String>,
    pub(crate) created_at: i64,
}

pub(crate) async fn list(database: &Database) -> Result<Vec<Listed>, sqlx::Error> {
    reading!(database, pool => {
        sqlx::query_as(
            "SELECT access_tokens.id, access_tokens.name, domains.name AS domain, access_tokens.created_at \
             FROM access_tokens LEFT JOIN domains ON domains.id = access_tokens.domain \
             ORDER BY access_tokens.created_at, access_tokens.id",
        )
        .fetch_all(pool)
    })
}

/// Makes a token for one domain, by the id of its ownership; what is returned can't be read again.
pub(crate) async fn create(
    app: &App,
    name: &str,
    domain: &str,
) -> Result<(String, AccessToken), Failure> {
    let name = name.trim();
    let chars = name.chars().count();
    if !(1..=MAX_NAME_CHARS).contains(&chars) {
        return Err(Failure::Invalid(format!(
            "name has {chars} characters, expected 1 to {MAX_NAME_CHARS}"
        )));
    }
    let token = AccessToken::new(new_secret());
    let id = app.clock.new_id().to_string();
    // Another server may have removed the domain a moment ago.
    let made = executing!(
        &app.database,
        sqlx::query(
            "INSERT INTO access_tokens (id, hash, name, domain, created_at) SELECT $1, $2, $3, $4, $5 \
             WHERE EXISTS (SELECT 1 FROM domains WHERE id = $4 AND removed_at IS NULL)"
        )
        .bind(&id)
        .bind(token.hash().as_slice())
        .bind(name)
        .bind(domain)
        .bind(app.clock.now())
    )?;
    if made == 0 {
        return Err(Failure::NotFound("domain"));
    }
    let caller = Caller {
        token: id.clone(),
        domain: Some(domain.to_owned()),
        place: None,
    };
    app.tokens.add(&token, &caller);
    Ok((id, token))
}

/// Revokes a token, and ends its sessions with it.
pub(crate) async fn revoke(app: &App, id: &str) -> Result<(), Failure> {
    if id == ADMIN_ID {
        return Err(Failure::Conflict(
            "the admin token can't be revoked here, set ADMIN_TOKEN to replace it".to_owned(),
        ));
    }
    let revoked = executing!(
        &app.database,
        sqlx::query("DELETE FROM access_tokens WHERE id = $1").bind(id)
    )?;
    app.tokens.forget(|caller| caller.token == id);
    if revoked == 0 {
        return Err(Failure::NotFound("access token"));
    }
    Ok(())
}

/// 256 random bits in hexadecimal.
pub(crate) fn new_secret() -> String {
    let mut bytes = [0; SECRET_BYTES];
    #[expect(
        clippy::expect_used,
        reason = "a system without randomness must not make secrets"
    )]
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
        // Whoever signed in with the token that it replaces is signed out.
        executing!(
            database,
            sqlx::query(
                "DELETE FROM sessions WHERE access_token = $1 AND EXISTS \
                 (SELECT 1 FROM access_tokens WHERE id = $1 AND hash <> $2)",
            )
            .bind(ADMIN_ID)
            .bind(token.hash().as_slice())
        )?;
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
