//! The gateway's log: lines on their way to a reader who may be slow, or gone.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
#[path = "../examples/axum_server/lines.rs"]
mod lines;

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use lines::{Lines, ROOM};
use tracing_subscriber::fmt::MakeWriter;

/// A reader who takes nothing until he is let, and passes on what he took.
struct Reader {
    let_him: Receiver<()>,
    taken: Sender<Vec<u8>>,
}

impl Write for Reader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.let_him.recv().map_err(io::Error::other)?;
        self.taken.send(bytes.to_vec()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Log {
    lines: Lines,
    last_lines: lines::LastLines,
    let_him: Sender<()>,
    taken: Receiver<Vec<u8>>,
}

impl Log {
    fn new() -> Self {
        let (let_him, waits) = channel();
        let (takes, taken) = channel();
        let (lines, last_lines) = lines::write_to(Reader {
            let_him: waits,
            taken: takes,
        });
        Self {
            lines,
            last_lines,
            let_him,
            taken,
        }
    }

    fn line(&self, line: &str) {
        self.lines.make_writer().write_all(line.as_bytes()).unwrap();
    }

    /// Lets him read as much as he likes from now on, ends the log, and returns what he has read when that is over.
    fn end(self) -> String {
        (0..1000).for_each(|_| self.let_him.send(()).unwrap());
        drop(self.last_lines);
        String::from_utf8(self.taken.iter().flatten().collect()).unwrap()
    }
}

#[test]
fn what_is_logged_last_is_written_at_the_end() {
    let log = Log::new();
    log.line("first\n");
    log.line("last\n");
    assert_eq!(log.end(), "first\nlast\n");
}

#[test]
fn lines_of_many_threads_stay_whole_and_each_in_its_order() {
    let log = Log::new();
    let number = |thread: usize, line: usize| format!("{thread} {line}\n");
    thread::scope(|scope| {
        for thread in 0..4 {
            let log = &log.lines;
            scope.spawn(move || {
                for line in 0..500 {
                    let line = number(thread, line);
                    log.make_writer().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
    let written = log.end();
    for thread in 0..4 {
        let its = |line: &&str| line.starts_with(&format!("{thread} "));
        let its: String = written.split_inclusive('\n').filter(its).collect();
        assert_eq!(
            its,
            (0..500)
                .map(|line| number(thread, line))
                .collect::<String>()
        );
    }
}

#[test]
fn a_reader_who_stands_still_loses_lines_and_is_told_how_many() {
    let log = Log::new();
    // He holds at most two rooms full: what he is given to write, and what waits for him.
    let line = "x".repeat(ROOM / 10 - 1) + "\n";
    (0..30).for_each(|_| log.line(&line));
    let written = log.end();
    let kept = written.matches(&line).count();
    assert!((10..=20).contains(&kept), "{kept} lines kept");
    let told = format!("{} lines of the log are lost", 30 - kept);
    assert!(
        written.contains(&told),
        "{}",
        &written[written.len() - 80..]
    );
}

#[test]
fn a_line_that_finds_no_room_is_told_of_though_no_other_comes() {
    let log = Log::new();
    log.line(&("x".repeat(ROOM) + "\n"));
    log.let_him.send(()).unwrap();
    let told = String::from_utf8(log.taken.recv().unwrap()).unwrap();
    assert!(told.starts_with("1 lines of the log are lost"), "{told}");
}

/// Takes a few bytes, then none for once.
struct Reluctant {
    calls: usize,
    taken: Sender<Vec<u8>>,
}

impl Write for Reluctant {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        let bytes = match self.calls {
            1 => &bytes[..2],
            2 => return Err(io::ErrorKind::WouldBlock.into()),
            _ => bytes,
        };
        self.taken.send(bytes.to_vec()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_line_that_breaks_off_is_counted_among_the_lost() {
    let (taken, takes) = channel();
    let (log, last_lines) = lines::write_to(Reluctant { calls: 0, taken });
    log.make_writer().write_all(b"broken off\n").unwrap();
    drop(last_lines);
    let written = String::from_utf8(takes.iter().flatten().collect()).unwrap();
    let whole: Vec<&str> = written.lines().collect();
    assert!(
        matches!(whole[..], ["br", told] if told.starts_with("1 lines of the log are lost")),
        "{written}"
    );
}

#[test]
fn a_reader_who_is_gone_is_not_waited_for() {
    let log = Log::new();
    drop(log.let_him);
    let line = b"nobody reads this\n";
    log.lines.make_writer().write_all(line).unwrap();
    drop(log.last_lines);
    // It ends when the writer has let go of him.
    assert_eq!(log.taken.iter().count(), 0);
}
