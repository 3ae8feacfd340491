//! A `redis-server` of a test's own, which can be stopped, killed and brought back.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use redis::{Connection, FromRedisValue};

/// How long something may take that is sure to happen. No judgement: a slow machine only makes a failure slower.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Ports that the kernel gives to nobody by itself: a server that was killed finds its own free when it comes back. So are those
/// on which nodes of a cluster talk with each other, 10,000 above.
const PORTS: std::ops::Range<u16> = 12_000..22_000;

/// A server on a port of its own, which keeps nothing on disk and ends with its owner.
#[derive(Debug)]
pub struct Server {
    pub port: u16,
    options: Vec<String>,
    directory: PathBuf,
    process: Option<Child>,
}

impl Server {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts one with these options of `redis-server`'s.
    pub fn with(options: &[&str]) -> Self {
        let mut server = Self::absent(options);
        while !server.try_start() {
            server.port = free_port();
        }
        server
    }

    /// One that has not been started yet.
    pub fn absent(options: &[&str]) -> Self {
        Self {
            port: free_port(),
            options: options.iter().map(|&option| option.to_owned()).collect(),
            directory: new_directory(),
            process: None,
        }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Stops it where it stands: connections stay open, and nothing answers.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// Kills it: all that it knew is lost.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it on its port, empty.
    pub fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs");
        assert!(
            self.try_start(),
            "port {} was taken: {}",
            self.port,
            self.log()
        );
    }

    /// Asks it, on a connection of the test's own.
    pub fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let asked = self.try_ask(command);
        asked.unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    pub fn try_ask<T: FromRedisValue>(&self, command: &[&str]) -> redis::RedisResult<T> {
        let mut asking = redis::cmd(command[0]);
        asking.arg(&command[1..]).query(&mut self.connect()?)
    }

    fn connect(&self) -> redis::RedisResult<Connection> {
        let connection = redis::Client::open(self.url())?.get_connection_with_timeout(DEADLINE)?;
        connection.set_read_timeout(Some(DEADLINE))?;
        Ok(connection)
    }

    /// Whether it has come up: it ends at once where another has its port.
    fn try_start(&mut self) -> bool {
        let log = File::create(self.directory.join("log")).unwrap();
        let mut process = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(&self.directory)
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("redis-server is missing: scripts/test installs Debian's package redis-server");
        let pid = process.id();
        let mut is_running = true;
        until("a server that answers", || {
            is_running = process.try_wait().unwrap().is_none();
            let answering = || self.try_ask::<String>(&["INFO", "server"]);
            let is_it = |info: String| info.contains(&format!("process_id:{pid}\r\n"));
            !is_running || answering().is_ok_and(is_it)
        });
        self.process = is_running.then_some(process);
        is_running
    }

    fn signal(&self, name: &str) {
        let process = self.process.as_ref().expect("it runs");
        let kill = format!("kill -{name} {}", process.id());
        let killed = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(killed.success(), "{kill}");
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Waits for what takes its time.
#[track_caller]
pub fn until(what: &str, mut happens: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happens() {
        assert!(begun.elapsed() < DEADLINE, "no {what} in {DEADLINE:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A port on which nobody listens now. Each process begins at another place.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let all = PORTS.end - PORTS.start;
    let begin = u16::try_from(std::process::id().wrapping_mul(101) % u32::from(all)).unwrap();
    loop {
        let next = NEXT.fetch_add(1, Ordering::Relaxed) % all;
        let port = PORTS.start + (begin + next) % all;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn new_directory() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("redis-{}-{count}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    fs::create_dir_all(&directory).unwrap();
    directory
}
