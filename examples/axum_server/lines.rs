//! Log lines on their way out: a thread writes them, many at once. No call waits for it, and few pay for waking it.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{mem, thread};

use tracing_subscriber::fmt::MakeWriter;

/// After a line has been written, others are gathered for so long.
const PAUSE: Duration = Duration::from_millis(20);

/// How many bytes wait for a reader who falls behind.
pub(crate) const ROOM: usize = 4 << 20;

/// How long a reader may take for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Where lines are handed in. One that finds no room is lost, and it is said how many were.
#[derive(Debug, Clone)]
pub(crate) struct Lines(Arc<Shared>);

/// Waits for the last lines to be written when it is dropped.
#[derive(Debug)]
pub(crate) struct LastLines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    lost: u64,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Running,
    Ending,
    Ended,
}

/// Begins to write.
pub(crate) fn write_to(sink: impl Write + Send + 'static) -> (Lines, LastLines) {
    let shared = Arc::new(Shared::default());
    let of_thread = Arc::clone(&shared);
    thread::spawn(move || of_thread.write_to(sink));
    (Lines(Arc::clone(&shared)), LastLines(shared))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_in(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.bytes.len() + line.len() > ROOM {
            waiting.lost += 1;
            return;
        }
        let first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        drop(waiting);
        if first {
            self.changed.notify_all();
        }
    }

    fn write_to(&self, mut sink: impl Write) {
        let mut batch = Vec::new();
        loop {
            let (lost, stage) = self.next(&mut batch);
            // There is nobody who could be told that a log cannot be written.
            let _ = sink.write_all(&batch);
            if lost > 0 {
                let _ = writeln!(
                    sink,
                    "{lost} lines of the log are lost: its reader is too slow"
                );
            }
            let _ = sink.flush();
            batch.clear();
            if stage == Stage::Ending {
                break;
            }
            self.pause();
        }
        self.lock().stage = Stage::Ended;
        self.changed.notify_all();
    }

    /// Waits for lines or for the end, and takes what there is.
    fn next(&self, batch: &mut Vec<u8>) -> (u64, Stage) {
        let nothing =
            |waiting: &mut Waiting| waiting.bytes.is_empty() && waiting.stage == Stage::Running;
        let waited = self.changed.wait_while(self.lock(), nothing);
        let mut waiting = waited.unwrap_or_else(PoisonError::into_inner);
        mem::swap(batch, &mut waiting.bytes);
        (mem::take(&mut waiting.lost), waiting.stage)
    }

    fn pause(&self) {
        let running = |waiting: &mut Waiting| waiting.stage == Stage::Running;
        let _ = self.changed.wait_timeout_while(self.lock(), PAUSE, running);
    }
}

impl Drop for LastLines {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.stage = Stage::Ending;
        self.0.changed.notify_all();
        let unfinished = |waiting: &mut Waiting| waiting.stage != Stage::Ended;
        let _ = self
            .0
            .changed
            .wait_timeout_while(waiting, LAST_LINES, unfinished);
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Lines;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &Lines {
    /// A line, whole: so `tracing_subscriber` hands them over.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.hand_in(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
