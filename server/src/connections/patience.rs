//! How long a client may take to say what it wants, and how much of it.

use std::time::Duration;

use super::table::HEADER_TIMEOUT;

/// Requests at the same time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// What a stream may hold for a reader who is slower than the handler.
const STREAM_BUFFER_BYTES: usize = 64 * 1024;
/// A client that is gone without a word is noticed by then.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// Links work whatever a client or proxy sends along. HTTP/1 takes about as much by itself, HTTP/2 16 KB.
const MAX_HEADER_BYTES: u32 = 400 * 1024;

/// Patient, but not for ever.
pub(crate) fn patient<A: axum_server::Address, Acceptor>(
    mut server: axum_server::Server<A, Acceptor>,
) -> axum_server::Server<A, Acceptor> {
    server
        .http_builder()
        .http2()
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES)
        .max_send_buf_size(STREAM_BUFFER_BYTES);
    // The table keeps the time of later headers, for hyper's timer also runs while a connection idles.
    server.first_request_timeout(HEADER_TIMEOUT)
}
