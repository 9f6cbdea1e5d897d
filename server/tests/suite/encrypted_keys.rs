//! Signing keys in the database, under a key that the database does not have.

use std::time::Duration;

use linkseal::DomainConfig;
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::database::Backend;
use crate::links::Mail;
use crate::sender::{asked, eventually, rewrite};
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Tables, on};

const HOST: (&str, &str) = ("DEFAULT_HOST", DEFAULT_HOST);
const OLD: &str = "0101010101010101010101010101010101010101010101010101010101010101";
const NEW: &str = "0202020202020202020202020202020202020202020202020202020202020202";
const ENCRYPTION: &str = "KEY_ENCRYPTION_KEY";
const DECRYPTION: &str = "KEY_DECRYPTION_KEY";

/// Fingerprints of the keys that signing keys are under, each once.
async fn encrypted_by(tables: &Tables) -> Vec<Option<String>> {
    on!(tables, pool => sqlx::query_scalar(
        "SELECT DISTINCT encrypted_by FROM signing_keys ORDER BY encrypted_by",
    ).fetch_all(pool))
}

/// The key that all signing keys are under.
async fn only_key(tables: &Tables) -> String {
    let mut all = encrypted_by(tables).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0).expect("they are encrypted")
}

async fn click(server: &Server, domain: &DomainConfig) -> u16 {
    let mail = Mail::new(domain, "r", &["https://example.com/"]);
    let click = server.follow(Method::GET, &mail.clicks[0]).send();
    click.await.unwrap().status().as_u16()
}

/// Starts the program where it has to end, and returns what it said.
pub(crate) async fn refused(folder: &TempDir, url: &str, settings: &[(&str, &str)]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tracking-server"))
        .env_clear()
        .env("DATABASE_URL", url)
        .env("LISTEN", "127.0.0.1:0")
        .envs(settings.iter().copied())
        .current_dir(folder.path())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(20), output);
    let output = output.await.expect("the program ends").unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    said
}

#[tokio::test]
async fn plain_keys_are_encrypted_when_a_key_is_first_given() {
    for backend in Backend::all() {
        let mut server = Server::start_with(&backend, &[HOST]).await;
        assert!(
            server.log().contains("signing keys are stored as they are"),
            "{}",
            server.log()
        );
        let tables = Tables::of(&server).await;
        let domain = tables.add_domain("example.com").await;
        let [plain] = tables.keys().await.try_into().unwrap();
        server.terminate().await;
        server.start_again_with(&[HOST, (ENCRYPTION, OLD)]).await;
        let [stored] = tables.keys().await.try_into().unwrap();
        let has = |bytes: &[u8]| bytes.windows(plain.len()).any(|window| window == plain);
        assert!(!has(&stored), "{backend:?}");
        assert_eq!(stored.len(), 64, "a nonce, a tag and the secret");
        assert_eq!(click(&server, &domain).await, 302);
        if let Backend::Sqlite = backend {
            for file in ["tracking.sqlite", "tracking.sqlite-wal"] {
                let file = std::fs::read(server.folder.path().join(file)).unwrap_or_default();
                assert!(!has(&file), "the file still has it");
            }
        }
        // Of a server that has no key yet.
        tables.add_key("example.com", [9; 32]).await;
        eventually("it is encrypted, too", async || {
            let all = encrypted_by(&tables).await;
            all.iter().all(Option::is_some).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn keys_that_are_made_are_encrypted_and_sign() {
    for backend in Backend::all() {
        let settings = [HOST, (ENCRYPTION, OLD)];
        let mut server = Server::start_with(&backend, &settings).await;
        let tables = Tables::of(&server).await;
        let new = json!({ "domain": "example.com" });
        asked(&server, "POST", "/domains", &new, 201).await;
        tables
            .execute("UPDATE domains SET status = 'validated'")
            .await;
        asked(
            &server,
            "POST",
            "/domains/example.com/rotate-key",
            &json!({}),
            200,
        )
        .await;
        server.terminate().await;
        server.start_again().await;
        assert_eq!(encrypted_by(&tables).await.len(), 1);
        assert!(tables.keys().await.iter().all(|secret| secret.len() == 64));
        let mail = json!({ "domain": "example.com", "message": "m",
            "html": "<a href=\"https://example.com/\">x</a>" });
        let mail = rewrite(&server, &mail).await;
        let html = mail["html"].as_str().unwrap();
        let path = html.split('"').find(|part| part.contains("/c/")).unwrap();
        let path = &path[path.find("/c/").unwrap()..];
        let click = server.follow(Method::GET, path).send().await.unwrap();
        assert_eq!(click.status(), 302, "{backend:?}");
    }
}

#[tokio::test]
async fn a_server_without_the_key_does_not_start() {
    for backend in Backend::all() {
        let mut server = Server::start_with(&backend, &[HOST, (ENCRYPTION, OLD)]).await;
        let tables = Tables::of(&server).await;
        let new = json!({ "domain": "example.com" });
        asked(&server, "POST", "/domains", &new, 201).await;
        server.terminate().await;
        let before = tables.keys().await;
        let key = only_key(&tables).await;
        let (folder, url) = (&server.folder, &server.database_url);
        let without = refused(folder, url, &[]).await;
        let expected = format!(
            "signing keys are encrypted by the key `{key}`, expected KEY_ENCRYPTION_KEY or KEY_ENCRYPTION_KEY_FILE\n"
        );
        assert!(without.contains(&expected), "{without}");
        let file = folder.path().join("key");
        std::fs::write(&file, format!("{NEW}\n")).unwrap();
        let settings = [("KEY_ENCRYPTION_KEY_FILE", file.to_str().unwrap())];
        let wrong = refused(folder, url, &settings).await;
        let expected = format!(
            "signing keys are encrypted by the key `{key}`, expected it as KEY_ENCRYPTION_KEY or \
             KEY_DECRYPTION_KEY, which have `"
        );
        assert!(wrong.contains(&expected), "{wrong}");
        assert!(!wrong.contains(NEW) && !wrong.contains(OLD), "{wrong}");
        assert_eq!(tables.keys().await, before, "nothing was changed");
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let url = Backend::Sqlite.new_database(folder.path());
    let short = refused(&folder, &url, &[(ENCRYPTION, "s3cret")]).await;
    assert!(
        short.contains("KEY_ENCRYPTION_KEY has 6 characters, expected 64 hexadecimal digits"),
        "{short}"
    );
    assert!(!short.contains("s3cret"), "{short}");
    let missing = refused(&folder, &url, &[("KEY_DECRYPTION_KEY_FILE", "nowhere")]).await;
    assert!(
        missing.contains("KEY_DECRYPTION_KEY: `nowhere` can't be read: "),
        "{missing}"
    );
    let both = [(ENCRYPTION, OLD), ("KEY_ENCRYPTION_KEY_FILE", "file")];
    let both = refused(&folder, &url, &both).await;
    assert!(both.contains("cannot be used with"), "{both}");
    assert!(!both.contains(OLD), "{both}");
}

#[tokio::test]
async fn several_servers_change_to_another_key_one_after_the_other() {
    for backend in Backend::all() {
        let mut one = Server::start_with(&backend, &[HOST, (ENCRYPTION, OLD)]).await;
        let tables = Tables::of(&one).await;
        let domain = tables.add_domain("example.com").await;
        let folder = tempfile::tempdir().unwrap();
        let settings = [HOST, (ENCRYPTION, OLD)];
        let mut two = Server::start_on(folder, one.database_url.clone(), &settings).await;
        let old = only_key(&tables).await;
        for (encryption, decryption) in [(OLD, NEW), (NEW, OLD), (NEW, NEW)] {
            let settings = [HOST, (ENCRYPTION, encryption), (DECRYPTION, decryption)];
            for turn in 0..2 {
                let server = if turn == 0 { &mut one } else { &mut two };
                server.terminate().await;
                server.start_again_with(&settings).await;
                for server in [&one, &two] {
                    assert_eq!(click(server, &domain).await, 302, "{backend:?}");
                }
                // Neither is behind, nor writes back what the other wrote.
                let name = format!("{turn}-{}.example", &encryption[..3]);
                if decryption != encryption {
                    let new = json!({ "domain": name });
                    asked(&one, "POST", "/domains", &new, 201).await;
                    eventually("the other server knows it, too", async || {
                        let path = format!("/domains/{name}");
                        let answer = two.api("GET", &path).send().await.unwrap();
                        (answer.status() == 200).then_some(())
                    })
                    .await;
                }
            }
        }
        let new = only_key(&tables).await;
        assert_ne!(old, new);
        one.terminate().await;
        one.start_again_with(&[HOST, (ENCRYPTION, NEW)]).await;
        assert_eq!(click(&one, &domain).await, 302);
    }
}

#[tokio::test]
async fn a_secret_is_of_no_use_in_another_row() {
    for backend in Backend::all() {
        let mut server = Server::start_with(&backend, &[HOST, (ENCRYPTION, OLD)]).await;
        let tables = Tables::of(&server).await;
        let mine = tables.add_domain("mine.example").await;
        tables.add_domain("yours.example").await;
        server.terminate().await;
        server.start_again().await;
        assert_eq!(click(&server, &mine).await, 302);
        server.terminate().await;
        tables
            .execute(
                "UPDATE signing_keys SET secret = (SELECT secret FROM signing_keys WHERE domain = 'yours.example') \
                 WHERE domain = 'mine.example'",
            )
            .await;
        server.start_again().await;
        assert_eq!(click(&server, &mine).await, 404, "{backend:?}");
        let said = "of mine.example was changed, or belongs to another key";
        assert!(server.log().contains(said), "{}", server.log());
    }
}
