//! What accepts connections and never answers.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A listener that reads nothing and says nothing, until it is dropped: then all of its connections end, and its port is free.
#[derive(Debug)]
pub struct Silent {
    port: u16,
    ends: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Silent {
    pub fn on(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let ends = Arc::new(AtomicBool::new(false));
        let end = ends.clone();
        let accepting = thread::spawn(move || {
            let mut kept = Vec::new();
            while !end.load(Ordering::SeqCst) {
                kept.extend(listener.accept().map(|(stream, _)| stream));
            }
        });
        Self {
            port,
            ends,
            accepting: Some(accepting),
        }
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // One more connection, for it to see that it has ended.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}
