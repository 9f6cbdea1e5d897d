use crate::database::Backend;
use crate::server::Server;

#[tokio::test]
async fn pages_send_whoever_is_not_signed_in_away() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        let response = server.get("/static/style.css").await;
        assert_eq!(response.status(), 200, "{backend:?}");
    }
}
