//! Secrets, and where they are read from: never the settings file itself.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use linkseal::error::KeyError;
use linkseal::{KeyId, SigningKey};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::Problem;
use super::file::{KeyTable, SecretTable};

/// What anybody but the owner may do with a file.
const GROUP_AND_OTHERS: u32 = 0o077;
/// Far more than a key; a wrong file name must not read a disk.
const MAX_KEY_FILE_BYTES: u64 = 64 * 1024;
/// Half of what SHA-256 gives: no two addresses collide, and a token stays short.
const RECIPIENT_ID_BYTES: usize = 16;

/// A secret under which addresses become recipient ids.
#[derive(Clone)]
pub(crate) struct RecipientKey(Hmac<Sha256>);

impl RecipientKey {
    pub(super) fn read(table: &SecretTable) -> Result<Self, Problem> {
        let (text, origin) = secret_text(table.file.as_deref(), table.env.as_deref())?;
        keyed(&text)
            .map(Self)
            .map_err(|source| Problem::Key { origin, source })
    }

    /// The id of an address whose domain is in lower case.
    pub(crate) fn id_of(&self, address: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(address.as_bytes());
        let tag = mac.finalize().into_bytes();
        tag.iter()
            .take(RECIPIENT_ID_BYTES)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl fmt::Debug for RecipientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RecipientKey")
            .finish_non_exhaustive()
    }
}

pub(super) fn signing_key(table: &KeyTable) -> Result<SigningKey, Problem> {
    let (text, origin) = secret_text(table.file.as_deref(), table.env.as_deref())?;
    SigningKey::from_hex(KeyId(table.id), &text).map_err(|source| Problem::Key { origin, source })
}

fn keyed(text: &str) -> Result<Hmac<Sha256>, KeyError> {
    // The same is expected of all secrets.
    SigningKey::from_hex(KeyId(0), text)?;
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for pair in pairs {
        let digits = std::str::from_utf8(pair).map_err(|_| KeyError::NotHexadecimal)?;
        let byte = u8::from_str_radix(digits, 16).map_err(|_| KeyError::NotHexadecimal)?;
        bytes.push(byte);
    }
    let too_short = |_| KeyError::TooShort { bytes: bytes.len() };
    Hmac::new_from_slice(&bytes).map_err(too_short)
}

/// The secret, and where it is, for messages.
fn secret_text(
    file: Option<&Path>,
    variable: Option<&str>,
) -> Result<(Zeroizing<String>, String), Problem> {
    let text = match (file, variable) {
        (Some(file), None) => (key_file(file)?, format!("key file `{}`", file.display())),
        (None, Some(name)) => (environment(name)?, format!("environment variable `{name}`")),
        (None, None) => return Err(Problem::SecretOrigin { given: "none" }),
        (Some(_), Some(_)) => return Err(Problem::SecretOrigin { given: "both" }),
    };
    let (text, origin) = text;
    Ok((Zeroizing::new(text.trim_ascii().to_owned()), origin))
}

fn environment(name: &str) -> Result<Zeroizing<String>, Problem> {
    let text = std::env::var(name).map_err(|source| Problem::Environment {
        name: name.to_owned(),
        // Its text would show a value that is not valid, and so a secret.
        source: match source {
            std::env::VarError::NotUnicode(_) => {
                std::env::VarError::NotUnicode("(not shown)".into())
            }
            not_present @ std::env::VarError::NotPresent => not_present,
        },
    });
    text.map(Zeroizing::new)
}

fn key_file(file: &Path) -> Result<Zeroizing<String>, Problem> {
    let unreadable = |source| Problem::KeyFileUnreadable {
        file: file.to_owned(),
        source,
    };
    let opened = File::open(file).map_err(unreadable)?;
    // Of the file that is open, so that no other can take its place in between.
    let mode = opened.metadata().map_err(unreadable)?.mode() & 0o7777;
    if mode & GROUP_AND_OTHERS != 0 {
        return Err(Problem::KeyFileMode {
            file: file.to_owned(),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::new());
    let mut limited = opened.take(MAX_KEY_FILE_BYTES);
    limited.read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}
