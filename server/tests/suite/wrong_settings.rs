//! Settings that no server can work with.

use crate::encrypted_keys::refused;

const URL: &str = "sqlite:x.sqlite";

#[tokio::test]
async fn zero_is_refused_where_nothing_would_work() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "API_RATE",
        "IDLE_SECONDS",
        "KEPT_DAYS",
        "KEPT_MB",
        "KEPT_NUMBER",
        "MAX_CONNECTIONS",
        "MAX_CONNECTIONS_PER_ADDRESS",
        "MEMORY_MB",
        "REPORT_SECONDS",
        "RETENTION_DAYS",
        "STALL_SECONDS",
    ] {
        let said = refused(&folder, URL, &[(name, "0")]).await;
        let option = name.to_lowercase().replace('_', "-");
        assert!(
            said.contains(&format!("invalid value '0' for '--{option} <")),
            "{name}: {said}"
        );
        assert!(said.contains("0 is not in 1.."), "{name}: {said}");
    }
}

#[tokio::test]
async fn default_host_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let said = refused(&folder, URL, &[("DEFAULT_HOST", "127.0.0.1:8025")]).await;
    let expected = "DEFAULT_HOST: `127.0.0.1` is an IP address, expected a domain name such as `link.example.com`";
    assert!(said.contains(expected), "{said}");
}
