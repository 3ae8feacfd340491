//! Log lines on their way out: a thread writes them, many at once. No call waits for it, and few pay for waking it.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{mem, thread};

use tracing_subscriber::fmt::MakeWriter;

/// After lines have been written, others are gathered for so long.
const PAUSE: Duration = Duration::from_millis(20);

/// How many bytes wait for a reader who falls behind.
pub(crate) const ROOM: usize = 4 << 20;

/// How long a reader may take for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Where lines are handed in. One that finds no room, or cannot be written, is lost, and it is said how many were.
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
    /// The thread has nothing to do and sleeps.
    is_idle: bool,
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
        if waiting.bytes.len() + line.len() <= ROOM {
            waiting.bytes.extend_from_slice(line);
        } else {
            waiting.lost += 1;
        }
        if mem::take(&mut waiting.is_idle) {
            drop(waiting);
            self.changed.notify_all();
        }
    }

    fn write_to(&self, mut sink: impl Write) {
        let (mut batch, mut lost) = (Vec::new(), 0);
        loop {
            let (more_lost, stage) = self.next(&mut batch);
            lost += more_lost;
            let rest = write_as_much_as_can_be(&mut sink, &batch);
            lost += rest.iter().filter(|byte| **byte == b'\n').count() as u64;
            if lost > 0 && tell(&mut sink, lost, !rest.is_empty()).is_ok() {
                lost = 0;
            }
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
        let mut waiting = self.lock();
        while waiting.bytes.is_empty() && waiting.lost == 0 && waiting.stage == Stage::Running {
            waiting.is_idle = true;
            let waited = self.changed.wait(waiting);
            waiting = waited.unwrap_or_else(PoisonError::into_inner);
        }
        waiting.is_idle = false;
        mem::swap(batch, &mut waiting.bytes);
        (mem::take(&mut waiting.lost), waiting.stage)
    }

    fn pause(&self) {
        let running = |waiting: &mut Waiting| waiting.stage == Stage::Running;
        let _ = self.changed.wait_timeout_while(self.lock(), PAUSE, running);
    }
}

/// Returns what could not be written.
fn write_as_much_as_can_be<'b>(sink: &mut impl Write, mut bytes: &'b [u8]) -> &'b [u8] {
    while !bytes.is_empty() {
        match sink.write(bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => break,
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
        }
    }
    bytes
}

fn tell(sink: &mut impl Write, lost: u64, in_a_line: bool) -> io::Result<()> {
    let start = if in_a_line { "\n" } else { "" };
    let told =
        format!("{start}{lost} lines of the log are lost: they could not be written in time\n");
    sink.write_all(told.as_bytes())
}

impl Drop for LastLines {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.stage = Stage::Ending;
        self.0.changed.notify_all();
        let unfinished = |waiting: &mut Waiting| waiting.stage != Stage::Ended;
        let changed = &self.0.changed;
        let _ = changed.wait_timeout_while(waiting, LAST_LINES, unfinished);
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
