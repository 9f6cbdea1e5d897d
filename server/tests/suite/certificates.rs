//! HTTPS: which certificate is served, and for which hosts a proxy may get one.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::callers::read_until_closed;
use crate::database::Backend;
use crate::sender::eventually;
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Tables};

const ONE: [&str; 2] = [
    include_str!("../fixtures/tls/one.pem"),
    include_str!("../fixtures/tls/one.key"),
];
const TWO: [&str; 2] = [
    include_str!("../fixtures/tls/two.pem"),
    include_str!("../fixtures/tls/two.key"),
];

/// Asks over TLS, and trusts one certificate. `None`: another is served.
async fn ask_trusting(server: &Server, cert: &str) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(cert.as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let mut stream = connected.await.ok()?;
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // Whether the end is said by TLS as well is no matter here.
    let _ = stream.read_to_string(&mut answer).await;
    Some(answer)
}

async fn serves(server: &Server, [cert, _]: [&str; 2]) -> bool {
    let answer = ask_trusting(server, cert).await;
    answer.is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn write(folder: &Path, cert: &str, key: &str) {
    std::fs::write(folder.join("cert.pem"), cert).unwrap();
    std::fs::write(folder.join("key.pem"), key).unwrap();
}

async fn logged(server: &Server, what: &str, times: usize) {
    eventually(what, async || {
        (server.log().matches(what).count() >= times).then_some(())
    })
    .await;
}

const ANEW: &str = "the TLS certificate was read anew";
const BAD: &str = "the TLS certificate can't be used, the one before stays";

async fn start(folder: &tempfile::TempDir) -> Server {
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    write(folder.path(), ONE[0], ONE[1]);
    let settings = [("TLS_CERT", cert.as_str()), ("TLS_KEY", key.as_str())];
    Server::start_with(&Backend::Sqlite, &settings).await
}

#[tokio::test]
async fn a_certificate_is_read_anew_when_its_files_change() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder).await;
    assert!(serves(&server, ONE).await && !serves(&server, TWO).await);
    write(folder.path(), TWO[0], TWO[1]);
    logged(&server, ANEW, 1).await;
    eventually("the other certificate is served", async || {
        serves(&server, TWO).await.then_some(())
    })
    .await;
    assert!(!serves(&server, ONE).await);
}

#[tokio::test]
async fn files_that_can_not_be_used_leave_the_certificate_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder).await;
    for (times, (cert, key)) in [
        ("no certificate", ONE[1]),
        (TWO[0], ONE[1]),
        (ONE[0], ""),
        (TWO[0], "none"),
    ]
    .into_iter()
    .enumerate()
    {
        write(folder.path(), cert, key);
        logged(&server, BAD, times + 1).await;
        assert!(serves(&server, ONE).await, "{cert}");
    }
    std::fs::remove_file(folder.path().join("key.pem")).unwrap();
    logged(&server, "key.pem: No such file", 1).await;
    assert!(serves(&server, ONE).await);
    write(folder.path(), TWO[0], TWO[1]);
    eventually("the next good one is served", async || {
        serves(&server, TWO).await.then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_hangup_has_the_certificate_read_anew_and_ends_no_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder).await;
    assert_eq!(server.log().matches(ANEW).count(), 0);
    server.signal("HUP");
    logged(&server, ANEW, 1).await;
    assert!(serves(&server, ONE).await);
    let plain = Server::start(&Backend::Sqlite).await;
    plain.signal("HUP");
    logged(&plain, "there is no TLS certificate to read anew", 1).await;
    assert_eq!(plain.get("/healthz").await.status(), 200);
}

#[tokio::test]
async fn handshake_that_never_begins_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder).await;
    let mut stream = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    assert!(read_until_closed(&mut stream).await.is_empty());
}

#[tokio::test]
async fn handshake_that_never_begins_does_not_keep_the_server_from_ending() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = start(&folder).await;
    let stream = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    // The server has accepted it when it answers the next one.
    assert!(serves(&server, ONE).await);
    let before = Instant::now();
    server.terminate().await;
    assert!(before.elapsed() < Duration::from_secs(5));
    drop(stream);
}

const ASK: &str = "/internal/tls-allowed?domain=";

/// A server that trusts this machine as a proxy, with a domain that has a tracking host, one that removed it, and one that
/// never proved its own.
async fn with_tracking_hosts(backend: &Backend, proxies: &str) -> Server {
    let settings = [
        ("DEFAULT_HOST", DEFAULT_HOST),
        ("PAGES_HOST", "pages.service.example"),
        ("TRUSTED_PROXIES", proxies),
    ];
    let mut server = Server::start_with(backend, &settings).await;
    let tables = Tables::of(&server).await;
    for domain in ["example.com", "removed.example", "pending.example"] {
        tables.add_domain(domain).await;
    }
    tables
        .execute("UPDATE domains SET tracking_host = 'link.' || name")
        .await;
    tables
        .execute("UPDATE domains SET status = 'pending' WHERE name = 'pending.example'")
        .await;
    tables
        .execute("UPDATE domains SET removed_at = 5 WHERE name = 'removed.example'")
        .await;
    server.terminate().await;
    server.start_again().await;
    server
}

#[tokio::test]
async fn a_proxy_may_get_certificates_for_hosts_that_are_served() {
    for backend in Backend::all() {
        let server = with_tracking_hosts(&backend, "127.0.0.1").await;
        for (host, status) in [
            (DEFAULT_HOST, 200),
            ("pages.service.example", 200),
            ("link.example.com", 200),
            ("Link.Example.COM", 200),
            // Links in its mail still redirect.
            ("link.removed.example", 200),
            ("link.pending.example", 404),
            ("example.com", 404),
            ("other.example.com", 404),
            ("link.example.com.evil.example", 404),
            ("127.0.0.1", 404),
            ("", 404),
        ] {
            let answer = server.get(&format!("{ASK}{host}")).await;
            assert_eq!(answer.status(), status, "{backend:?} {host}");
        }
        let nothing = server.get("/internal/tls-allowed").await;
        assert_eq!(nothing.status(), 422);
        assert!(
            nothing
                .text()
                .await
                .unwrap()
                .contains("expected domain=HOST")
        );
    }
}

#[tokio::test]
async fn nobody_but_the_proxy_itself_learns_which_hosts_are_served() {
    for backend in Backend::all() {
        let path = format!("{ASK}link.example.com");
        let server = with_tracking_hosts(&backend, "127.0.0.1").await;
        for (name, value) in [
            ("X-Forwarded-For", "192.0.2.1"),
            ("X-Forwarded-Host", "pages.service.example"),
            ("Forwarded", "for=192.0.2.1"),
            ("Host", "link.example.com"),
            ("Host", DEFAULT_HOST),
            ("Host", "pages.service.example"),
        ] {
            let request = server.client.get(server.url(&path)).header(name, value);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 404, "{backend:?} {name}: {value}");
        }
        let stranger = with_tracking_hosts(&backend, "192.0.2.1").await;
        assert_eq!(stranger.get(&path).await.status(), 404, "{backend:?}");
    }
}
