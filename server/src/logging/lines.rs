//! Lines on their way to standard error, which a thread of its own writes. Whoever logs neither waits nor fails:
//! what does not fit into the queue, and what can't be written, is counted, and said as soon as that is possible.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tracing_subscriber::fmt::MakeWriter;

/// With [`MAX_LINE_BYTES`] this bounds memory.
const QUEUE: usize = 2048;
const MAX_LINE_BYTES: usize = 16 * 1024;
const EVERY: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(10);

#[derive(Clone)]
pub(super) struct Lines {
    queue: SyncSender<Job>,
    left_out: Arc<AtomicU64>,
}

enum Job {
    Flush(SyncSender<()>),
    Line(Vec<u8>),
}

impl Lines {
    /// Starts the thread. It calls `every_second`, too.
    pub(super) fn start(
        out: impl Write + Send + 'static,
        json: bool,
        every_second: impl Fn() + Send + 'static,
    ) -> Self {
        let (queue, jobs) = sync_channel(QUEUE);
        let left_out = Arc::new(AtomicU64::new(0));
        let lines = Self {
            queue,
            left_out: Arc::clone(&left_out),
        };
        let mut output = Output {
            json,
            left_out,
            out,
        };
        // Without a thread all lines are left out: nobody is left to tell.
        let _ = thread::Builder::new()
            .name("log".into())
            .spawn(move || output.write_all(&jobs, &every_second));
        lines
    }

    pub(super) fn put(&self, line: Vec<u8>) {
        if self.queue.try_send(Job::Line(line)).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns when all is written, or it takes too long.
    pub(super) fn flush(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let (done, flushed) = sync_channel(1);
        let mut job = Job::Flush(done);
        while let Err(TrySendError::Full(again)) = self.queue.try_send(job) {
            if Instant::now() > deadline {
                return;
            }
            job = again;
            thread::sleep(POLL);
        }
        let _ = flushed.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What is written at once is one event.
impl Write for Lines {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.put(one_line(event));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Output<W> {
    json: bool,
    left_out: Arc<AtomicU64>,
    out: W,
}

impl<W: Write> Output<W> {
    fn write_all(&mut self, jobs: &Receiver<Job>, every_second: &impl Fn()) {
        let mut next = Instant::now() + EVERY;
        loop {
            match jobs.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Job::Line(line)) => self.write(&line),
                Ok(Job::Flush(done)) => _ = done.send(()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if Instant::now() >= next {
                every_second();
                next = Instant::now() + EVERY;
            }
        }
    }

    /// Before a line, says how many are missing there.
    fn write(&mut self, line: &[u8]) {
        let missing = self.left_out.swap(0, Ordering::Relaxed);
        let noted = missing == 0 || self.out.write_all(self.note(missing).as_bytes()).is_ok();
        if !noted || self.out.write_all(line).is_err() {
            let more = if noted { 1 } else { missing + 1 };
            self.left_out.fetch_add(more, Ordering::Relaxed);
        }
    }

    fn note(&self, missing: u64) -> String {
        let now = Timestamp::now();
        let target = module_path!();
        let message = "log lines could not be written and are left out";
        if self.json {
            format!(
                "{{\"timestamp\":\"{now}\",\"level\":\"WARN\",\"fields\":{{\"message\":\"{message}\",\
                 \"lines\":{missing}}},\"target\":\"{target}\"}}\n"
            )
        } else {
            format!("{now}  WARN {target}: {message} lines={missing}\n")
        }
    }
}

/// Each run of white space that has a line ending becomes one space: an event is a line, whatever is in it.
fn one_line(event: &[u8]) -> Vec<u8> {
    let event = event.trim_ascii_end();
    let mut line = Vec::with_capacity(event.len().min(MAX_LINE_BYTES) + 1);
    for part in event.split(|byte| matches!(byte, b'\n' | b'\r')) {
        let part = if line.is_empty() {
            part
        } else {
            part.trim_ascii_start()
        };
        if part.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.truncate(line.trim_ascii_end().len());
            line.push(b' ');
        }
        line.extend_from_slice(part);
    }
    if line.len() > MAX_LINE_BYTES {
        line.truncate(MAX_LINE_BYTES);
        line.extend_from_slice("…".as_bytes());
    }
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;

    #[test]
    fn an_event_is_one_line() {
        for (event, line) in [
            ("a b\n", "a b\n"),
            ("slow \n\nSELECT\n  a,\r\n  b\n\n\n", "slow SELECT a, b\n"),
            ("\n", "\n"),
            ("\n\n x\n", " x\n"),
        ] {
            assert_eq!(one_line(event.as_bytes()), line.as_bytes(), "{event:?}");
        }
        let long = one_line(&[b'x'; 40_000]);
        assert_eq!(long.len(), MAX_LINE_BYTES + "…\n".len());
    }

    /// Takes a line for each permission, and refuses those for which there is none.
    struct Reader {
        permissions: mpsc::Receiver<bool>,
        taken: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Reader {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            if !self.permissions.recv().unwrap_or(true) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.taken.lock().unwrap().extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn reader() -> (Reader, mpsc::Sender<bool>, Arc<Mutex<Vec<u8>>>) {
        let (permit, permissions) = mpsc::channel();
        let taken = Arc::default();
        let reader = Reader {
            permissions,
            taken: Arc::clone(&taken),
        };
        (reader, permit, taken)
    }

    fn text(taken: &Mutex<Vec<u8>>) -> String {
        String::from_utf8(taken.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn lines_that_were_refused_are_counted_once_the_next_is_taken() {
        let (reader, permit, taken) = reader();
        let lines = Lines::start(reader, false, || {});
        for permission in [true, false, false, false] {
            permit.send(permission).unwrap();
        }
        for line in ["one\n", "two\n", "three\n", "four\n"] {
            lines.put(line.into());
        }
        lines.flush(Duration::from_millis(200));
        drop(permit);
        lines.put(b"five\n".to_vec());
        lines.flush(Duration::from_secs(5));
        let text = text(&taken);
        assert!(
            text.starts_with("one\n") && text.ends_with("five\n"),
            "{text}"
        );
        assert!(text.contains("left out lines=3\n"), "{text}");
    }

    #[test]
    fn who_logs_waits_for_no_reader() {
        let (reader, permit, taken) = reader();
        let lines = Lines::start(reader, true, || {});
        let many = QUEUE + 500;
        let started = Instant::now();
        for _ in 0..many {
            lines.put(b"{}\n".to_vec());
        }
        lines.flush(Duration::from_millis(20));
        assert!(started.elapsed() < Duration::from_secs(5));
        drop(permit);
        lines.flush(Duration::from_secs(5));
        lines.put(b"{}\n".to_vec());
        lines.flush(Duration::from_secs(5));
        let text = text(&taken);
        let notes: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &serde_json::Value| line["level"] == "WARN")
            .collect();
        let missing: u64 = notes
            .iter()
            .map(|note| note["fields"]["lines"].as_u64().unwrap())
            .sum();
        let written = text.lines().filter(|line| *line == "{}").count();
        assert_eq!(
            missing + u64::try_from(written).unwrap(),
            u64::try_from(many + 1).unwrap()
        );
        assert!(missing >= 499, "{missing}");
    }
}
