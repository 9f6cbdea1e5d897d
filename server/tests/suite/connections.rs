//! Clients that hold connections: idle ones, slow ones, and those that read nothing.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use reqwest::Client;
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::database::Backend;
use crate::sender::{NEWSLETTER, campaign, ready};
use crate::server::{ADMIN_TOKEN, Server};

const MANY: usize = 5000;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
/// `GET /` on stream 1 (RFC 9113 §6.2, RFC 7541 appendix A).
const REQUEST: [u8; 12] = [0, 0, 3, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84];

/// An HTTP/2 connection that asked for one thing, and then for nothing.
async fn idle(server: &Server) -> Option<TcpStream> {
    let connect = TcpStream::connect(("127.0.0.1", server.port));
    let connected = tokio::time::timeout(Duration::from_secs(5), connect).await;
    let mut stream = connected.ok()?.ok()?;
    stream
        .write_all(&[PREFACE, &SETTINGS, &REQUEST].concat())
        .await
        .ok()?;
    Some(stream)
}

/// Somebody from an address of loopback, who connects anew for each request.
fn client(last: u8) -> Client {
    Client::builder()
        .local_address(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)))
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_secs(3))
        .build()
        .unwrap()
}

/// Fails where the system allows this process too few sockets.
fn allow_many_sockets() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let enough = limit.current.is_none_or(|files| files > 6000);
    assert!(enough, "this test needs 6000 open files");
}

/// Serves somebody else while connections are opened, and then for a while.
async fn serves_others_beside_many_idle_connections(settings: &[(&str, &str)]) {
    allow_many_sockets();
    let folder = tempfile::tempdir().unwrap();
    let database_url = Backend::Sqlite.new_database(folder.path());
    let few_files = Some("ulimit -n 1024 && exec \"$0\"".to_owned());
    let server = Server::start_by(few_files, folder, database_url, settings).await;
    let (other, same) = (client(2), client(1));
    let mut held = Vec::new();
    for number in 0..MANY {
        held.extend(idle(&server).await);
        if number % 250 == 0 {
            let answer = other.get(server.url("/sign-in")).send().await;
            assert_eq!(answer.unwrap().status(), 200, "after {number} connections");
        }
    }
    for _ in 0..5 {
        for somebody in [&other, &same] {
            let answer = somebody.get(server.url("/sign-in")).send().await;
            assert_eq!(answer.unwrap().status(), 200);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(held.len() > MANY / 2, "{} connections", held.len());
}

#[tokio::test]
async fn idle_connections_of_one_client_shut_out_nobody() {
    serves_others_beside_many_idle_connections(&[]).await;
}

#[tokio::test]
async fn idle_connections_of_a_trusted_proxy_give_way_to_new_ones() {
    serves_others_beside_many_idle_connections(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
}

#[tokio::test]
async fn a_trusted_proxy_has_more_connections_than_an_address_may_have() {
    for (proxies, expected) in [("127.0.0.1", 20), ("192.0.2.1", 5)] {
        let settings = [
            ("TRUSTED_PROXIES", proxies),
            ("MAX_CONNECTIONS_PER_ADDRESS", "5"),
        ];
        let server = Server::start_with(&Backend::Sqlite, &settings).await;
        let mut held = Vec::new();
        for _ in 0..20 {
            held.extend(idle(&server).await);
        }
        let mut open = 0;
        for mut stream in held {
            let mut answer = Vec::new();
            let end = stream.read_to_end(&mut answer);
            let ended = tokio::time::timeout(Duration::from_millis(100), end).await;
            open += usize::from(ended.is_err());
        }
        assert_eq!(open, expected, "{proxies}");
    }
}

#[tokio::test]
async fn connection_without_requests_is_closed() {
    let server = Server::start_with(&Backend::Sqlite, &[("IDLE_SECONDS", "1")]).await;
    let mut stream = idle(&server).await.unwrap();
    let mut pings = 0;
    let deadline = Instant::now() + Duration::from_secs(8);
    // What is no request does not keep it open.
    while stream
        .write_all(&[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
        .await
        .is_ok()
    {
        pings += 1;
        assert!(Instant::now() < deadline, "open after {pings} pings");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(pings > 3, "closed after {pings} pings");
}

/// An HTTP/1 connection on which one request was answered.
async fn kept_alive(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    assert!(answers(&mut stream).await, "the first request");
    stream
}

/// Whether a connection answers a request.
async fn answers(stream: &mut TcpStream) -> bool {
    let request = b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    if stream.write_all(request).await.is_err() {
        return false;
    }
    let mut answer = Vec::new();
    loop {
        match stream.read_buf(&mut answer).await {
            Ok(0) | Err(_) => return false,
            Ok(_) if answer.ends_with(b"\r\n\r\n") => return answer.starts_with(b"HTTP/1.1 200"),
            Ok(_) => {}
        }
    }
}

/// Sends a header that never ends, and returns when the connection was closed.
async fn dawdle(mut stream: TcpStream) -> Duration {
    let started = Instant::now();
    let header = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ";
    for byte in header.iter().chain(std::iter::repeat(&b'x')) {
        let mut rest = [0; 64];
        let end = stream.read(&mut rest);
        let end = tokio::time::timeout(Duration::from_millis(200), end).await;
        if matches!(end, Ok(Ok(0) | Err(_))) || stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "still open");
    }
    started.elapsed()
}

#[tokio::test]
async fn header_that_does_not_end_is_given_up() {
    let server = Server::start(&Backend::Sqlite).await;
    let first = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    let later = kept_alive(&server).await;
    let mut idle = kept_alive(&server).await;
    let idling = async {
        tokio::time::sleep(Duration::from_secs(13)).await;
        answers(&mut idle).await
    };
    let (first, later, idle_answers) = tokio::join!(dawdle(first), dawdle(later), idling);
    for (which, time) in [("first", first), ("later", later)] {
        let seconds = time.as_secs_f64();
        assert!((9.0..14.0).contains(&seconds), "{which}: {seconds} s");
    }
    assert!(idle_answers, "a connection may idle for IDLE_SECONDS");
}

#[tokio::test]
async fn streams_of_one_connection_are_limited() {
    let server = Server::start(&Backend::Sqlite).await;
    let mut stream = idle(&server).await.unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4, "settings come first");
    let mut settings = vec![0; usize::from(head[2])];
    stream.read_exact(&mut settings).await.unwrap();
    let max_streams = settings.chunks(6).find(|setting| setting[..2] == [0, 3]);
    assert_eq!(max_streams.unwrap()[2..], [0, 0, 0, 100]);
}

#[tokio::test]
async fn body_that_stands_still_is_given_up() {
    let server = Server::start(&Backend::Sqlite).await;
    for path in ["/api/v1/rewrite", "/sign-in"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\n{{"
        );
        let mut stream = TcpStream::connect(("127.0.0.1", server.port))
            .await
            .unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        let read = stream.read_exact(&mut answer);
        let read = tokio::time::timeout(Duration::from_secs(15), read).await;
        read.expect("an answer in time").unwrap();
        assert_eq!(&answer, b"HTTP/1.1 408", "{path}");
    }
}

#[tokio::test]
async fn reader_that_stands_still_is_cut_off() {
    for http2 in [false, true] {
        let server = ready_with(&[("STALL_SECONDS", "2")]).await;
        let made = campaign(&server, "news", NEWSLETTER).await;
        let recipients: Vec<_> = (0..10_000).map(|number| format!("r-{number}")).collect();
        let mut client = Client::builder();
        if http2 {
            client = client.http2_prior_knowledge();
        }
        let path = format!("/api/v1/campaigns/{}/render", made["id"].as_str().unwrap());
        let request = client.build().unwrap().post(server.url(&path));
        let request = request
            .bearer_auth(ADMIN_TOKEN)
            .json(&json!({ "recipients": recipients }));
        let mut answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.chunk().await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_secs(6)).await;
        let mut bytes = 0;
        let cut_off = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => bytes += chunk.len(),
                end => break end.is_err(),
            }
        };
        assert!(cut_off, "HTTP/2: {http2}: all {bytes} bytes came");
    }
}

async fn ready_with(settings: &[(&str, &str)]) -> Server {
    let mut server = ready(&Backend::Sqlite).await;
    let mut all = vec![("DEFAULT_HOST", crate::tables::DEFAULT_HOST)];
    all.extend(settings);
    server.terminate().await;
    server.start_again_with(&all).await;
    server
}
