//! Two servers of one database, of which one went down with events in its spool.

use std::sync::Arc;

use crate::database::{Backend, Postgres};
use crate::links::{Mail, Scene};
use crate::server::Server;
use crate::tables::DEFAULT_HOST;

pub(crate) struct Spooled {
    /// It was killed.
    pub(crate) spooling: Server,
    /// It is up, and has a spool of its own.
    pub(crate) other: Server,
    pub(crate) mail: Mail,
    _postgres: Arc<Postgres>,
}

impl Spooled {
    /// What a recipient does with the mail is done twice: before the database goes down, and then. `None`: there is no
    /// PostgreSQL.
    pub(crate) async fn on_postgres(read: impl AsyncFn(&Server, &Mail)) -> Option<Self> {
        let postgres = Arc::new(Postgres::start()?);
        let backend = Backend::Postgres(Arc::clone(&postgres));
        let scene = Scene::new(&backend, &[]).await;
        read(&scene.server, &scene.mail).await;
        postgres.stop("fast");
        read(&scene.server, &scene.mail).await;
        let mut spooling = scene.server;
        spooling.kill().await;
        postgres.start_again();
        let folder = tempfile::tempdir().unwrap();
        let url = spooling.database_url.clone();
        let other = Server::start_on(folder, url, &[("DEFAULT_HOST", DEFAULT_HOST)]).await;
        Some(Self {
            spooling,
            other,
            mail: scene.mail,
            _postgres: postgres,
        })
    }
}
