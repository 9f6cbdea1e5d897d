//! All access tokens in memory, by their hashes: mail goes out while the database is down.
//!
//! What is revoked on this server is forgotten at once. What is revoked on another is forgotten at the next
//! refresh, so a server that can't reach the database goes on with the tokens that it last read there.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use subtle::ConstantTimeEq as _;

use super::{AccessToken, Caller, token};
use crate::database::Database;

type Known = HashMap<[u8; 32], Caller>;

#[derive(Default)]
pub(crate) struct KnownTokens(ArcSwap<Known>);

impl KnownTokens {
    pub(crate) async fn refresh(&self, database: &Database) -> Result<(), sqlx::Error> {
        loop {
            let before = self.0.load_full();
            let read = Arc::new(token::all(database).await?);
            // A token that was revoked meanwhile may be among what was read, and must not come back.
            if Arc::ptr_eq(&self.0.compare_and_swap(&before, read), &before) {
                return Ok(());
            }
        }
    }

    /// What a token allows, as far as this server has heard of it.
    fn known(&self, token: &AccessToken) -> Option<Caller> {
        let hash = token.hash();
        self.0
            .load()
            .get_key_value(&hash)
            .and_then(|(known, caller)| bool::from(known.ct_eq(&hash)).then(|| caller.clone()))
    }

    pub(crate) fn knows(&self, token: &AccessToken) -> bool {
        self.known(token).is_some()
    }

    /// Finds what a token allows. One that is not known may be of another server, a moment old.
    pub(super) async fn caller(
        &self,
        token: &AccessToken,
        database: &Database,
    ) -> Result<Option<Caller>, sqlx::Error> {
        match self.known(token) {
            Some(caller) => Ok(Some(caller)),
            None => token.caller(database).await,
        }
    }

    pub(super) fn add(&self, token: &AccessToken, caller: &Caller) {
        self.0.rcu(|known| {
            let mut known = Known::clone(known);
            known.insert(token.hash(), caller.clone());
            known
        });
    }

    /// To be called once the database knows that they are revoked.
    pub(crate) fn forget(&self, is_revoked: impl Fn(&Caller) -> bool) {
        self.0.rcu(|known| {
            let mut known = Known::clone(known);
            known.retain(|_, caller| !is_revoked(caller));
            known
        });
    }
}
