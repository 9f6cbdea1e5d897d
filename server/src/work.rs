//! Work that takes its time.

/// Over this many bytes the threads that serve others should not be kept waiting. At some 500 MB a second it
/// takes half a millisecond.
const SHORT_WORK_BYTES: usize = 256 * 1024;

/// Does work on so many bytes where it keeps nobody else waiting.
pub(crate) fn aside<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    if bytes > SHORT_WORK_BYTES {
        tokio::task::block_in_place(work)
    } else {
        work()
    }
}
