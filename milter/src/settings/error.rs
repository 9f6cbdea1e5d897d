//! Why settings are refused.

use std::borrow::Cow;
use std::env::VarError;
use std::io;
use std::path::{Path, PathBuf};

use linkseal::error::{ConfigError, HostError, KeyError, ParameterError};

/// Why a settings file can't be used. No message holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file is TOML, and a value in it has the right form, but can't be used.
    #[error("{}: {key}: {problem}", file.display())]
    Key {
        /// The settings file.
        file: PathBuf,
        /// The key's full name.
        key: String,
        /// What is wrong with its value.
        #[source]
        problem: Problem,
    },
    /// The file is not TOML.
    #[error("{}:{line}: {message}", file.display())]
    Syntax {
        /// The settings file.
        file: PathBuf,
        /// Where in it, counted from 1.
        line: usize,
        /// What the TOML parser says.
        message: String,
    },
    /// The file can't be read.
    #[error("{}: {source}, expected a settings file that can be read", file.display())]
    Unreadable {
        /// The settings file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A key is unknown or missing, or its value has the wrong form.
    #[error("{}:{line}: {}{message}", file.display(), with_colon(key))]
    Value {
        /// The settings file.
        file: PathBuf,
        /// Where in it, counted from 1.
        line: usize,
        /// The key's full name; empty for the file itself.
        key: String,
        /// What is wrong, and what was expected.
        message: String,
    },
}

/// What is wrong with a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The settings of a domain don't fit together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A variable of the environment is not there, or is not text.
    #[error("environment variable `{name}`: {source}, expected a secret in hexadecimal digits")]
    Environment {
        /// The variable's name.
        name: String,
        /// Why it can't be read.
        source: VarError,
    },
    /// A name is not that of a header field.
    #[error(
        "`{name}` is not the name of a header field, expected letters, digits and hyphens such as `X-Recipient-Id`"
    )]
    HeaderName {
        /// The name as it was given.
        name: String,
    },
    /// A name of a host or a domain can't be used.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A secret can't be used.
    #[error("{origin}: {source}")]
    Key {
        /// Where the secret is.
        origin: String,
        /// What is wrong with it.
        source: KeyError,
    },
    /// A key file can be read by more than its owner.
    #[error(
        "key file `{}` has mode {mode:04o}, expected no access for group and others, such as 0600",
        file.display()
    )]
    KeyFileMode {
        /// The key file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A key file can't be read.
    #[error("key file `{}`: {source}, expected a file that can be read", file.display())]
    KeyFileUnreadable {
        /// The key file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No domain is configured.
    #[error("there is no sending domain, expected a table such as `[domains.\"example.com\"]`")]
    NoDomain,
    /// Campaign parameters can't be used.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// Two settings name one header field.
    #[error("`{name}` is the recipient header too, expected a field of its own")]
    SameHeader {
        /// The name as it was given.
        name: String,
    },
    /// Two tables are for one domain, spelled in two ways.
    #[error("the domain has a table already, expected one for each domain")]
    SameDomain,
    /// It is not said where a secret is, or twice.
    #[error("{given} of `file` and `env`, expected exactly one of them")]
    SecretOrigin {
        /// `none` or `both`.
        given: &'static str,
    },
}

/// A problem and the key whose value has it; the file is added where it is known.
#[derive(Debug)]
pub(super) struct Fault {
    key: String,
    problem: Problem,
}

impl Fault {
    pub(super) fn new(key: String, problem: Problem) -> Self {
        Self { key, problem }
    }

    pub(super) fn of(self, file: &Path) -> SettingsError {
        SettingsError::Key {
            file: file.to_owned(),
            key: self.key,
            problem: self.problem,
        }
    }
}

/// A key's name as TOML has it: in quotes if it holds more than a bare key may.
pub(super) fn quoted(name: &str) -> Cow<'_, str> {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.is_empty() && name.bytes().all(is_bare) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("\"{name}\""))
    }
}

fn with_colon(key: &str) -> String {
    if key.is_empty() {
        String::new()
    } else {
        format!("{key}: ")
    }
}
