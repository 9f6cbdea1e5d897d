//! Nothing that was answered is lost, nor stored twice, while others take what they can: unread answers to large
//! mail, loops over reports, and a log that can't be written.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::database::Backend;
use crate::loss::on_under_load;
use crate::memory::{body, unread};
use crate::server::{ADMIN_TOKEN, Server};
use crate::tables::DEFAULT_HOST;

const REPORTS: [&str; 4] = ["stats", "messages", "links", "events?settled=false"];

/// Attackers on a server, which go on when it is started again.
fn attack(server: &Server) -> Vec<JoinHandle<()>> {
    let sent = Arc::new(body(4_000_000));
    let mail = (0..8).map(|_| {
        let (port, sent) = (server.port, Arc::clone(&sent));
        tokio::spawn(async move {
            loop {
                let stream = unread(port, ADMIN_TOKEN, &sent).await;
                tokio::time::sleep(Duration::from_millis(500)).await;
                drop(stream);
            }
        })
    });
    let reports = (0..40).map(|number| {
        let report = REPORTS[number % REPORTS.len()];
        let request = server.api("GET", &format!("/domains/example.com/{report}"));
        tokio::spawn(async move {
            loop {
                // Refused, cut off or answered: it is asked again.
                let _ = request.try_clone().unwrap().send().await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
    });
    mail.chain(reports).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_click_is_lost_while_others_take_what_they_can() {
    for backend in Backend::all() {
        let folder = tempfile::tempdir().unwrap();
        let url = backend.new_database(folder.path());
        let full = Some("exec \"$0\" 2>/dev/full".to_owned());
        let settings = [("DEFAULT_HOST", DEFAULT_HOST), ("RUST_LOG", "debug")];
        let server = Server::start_by(full, folder, url, &settings).await;
        on_under_load(
            server,
            &format!("{backend:?}"),
            |mut server, load| async move {
                let attackers = attack(&server);
                for _ in 0..3 {
                    load.some_more().await;
                    server.kill().await;
                    server.start_again().await;
                }
                load.some_more().await;
                server.terminate().await;
                server.start_again().await;
                load.some_more().await;
                for attacker in attackers {
                    attacker.abort();
                }
                server
            },
        )
        .await;
    }
}
