//! A line to a server, which can go dead without a word.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::server::Server;

/// Passes on what it gets. Its connections end with those on either side, and it listens as long as the process lives.
#[derive(Debug)]
pub struct Line {
    pub port: u16,
    /// How many of its connections are dead: the oldest.
    dead: Arc<AtomicUsize>,
    made: Arc<Mutex<usize>>,
}

impl Line {
    pub fn to(server: &Server) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let line = Self {
            port: listener.local_addr().unwrap().port(),
            dead: Arc::default(),
            made: Arc::default(),
        };
        let (dead, made, port) = (line.dead.clone(), line.made.clone(), server.port);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let number = {
                    let mut made = made.lock().unwrap();
                    *made += 1;
                    *made
                };
                let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                let ways = [
                    (near.try_clone().unwrap(), far.try_clone().unwrap()),
                    (far, near),
                ];
                for (from, to) in ways {
                    let dead = dead.clone();
                    thread::spawn(move || pass(from, to, || number <= dead.load(Ordering::SeqCst)));
                }
            }
        });
        line
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// All connections that there are stay open, and nothing comes through them any more. New ones are well.
    pub fn cut(&self) {
        let made = self.made.lock().unwrap();
        self.dead.store(*made, Ordering::SeqCst);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, is_dead: impl Fn() -> bool) {
    let mut bytes = [0; 8192];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        if !is_dead() && to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}
