//! The gateway as a process of its own: building it, starting it, and the processor time that it took.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

/// In `/proc`, time is in hundredths of a second on every Linux (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// The example `axum_server`, built for release.
pub(crate) struct Executable(PathBuf);

impl Executable {
    /// Builds it where this benchmark was built: in `target/release/examples`, beside `target/release/deps`.
    pub(crate) fn build() -> Self {
        let bench = env::current_exe().unwrap();
        let release = bench.ancestors().nth(2).unwrap();
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--release", "--example", "axum_server"])
            .args([
                "--manifest-path",
                concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            ])
            .arg("--target-dir")
            .arg(release.parent().unwrap())
            .status();
        assert!(built.unwrap().success(), "the gateway cannot be built");
        Self(release.join("examples/axum_server"))
    }

    /// Starts a gateway before this upstream, and waits until it listens.
    pub(crate) fn start(&self, config: &Path, upstream: SocketAddr, arguments: &[&str]) -> Gateway {
        let mut command = Command::new(&self.0);
        command
            .args(["--listen", "127.0.0.1:0", "--upstream"])
            .arg(format!("http://{upstream}"))
            .arg("--config")
            .arg(config)
            .args(arguments);
        // Its log is not what is measured. One that does not start tries again, to be heard.
        Gateway::start(&mut command, Stdio::null()).unwrap_or_else(|| {
            let _ = Gateway::start(&mut command, Stdio::inherit());
            panic!("the gateway did not start: {command:?}")
        })
    }
}

/// One that runs, until it is dropped.
pub(crate) struct Gateway {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Gateway {
    /// Nothing if it ends instead of listening.
    fn start(command: &mut Command, log: Stdio) -> Option<Self> {
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let stdout = process.stdout.take().unwrap();
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let Some(address) = address else {
            process.wait().unwrap();
            return None;
        };
        let address = address.parse().unwrap();
        Some(Self { process, address })
    }

    /// What its threads took of the processors so far, in their own code and in the kernel's for them.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        // The second field is the program's name, in brackets; utime and stime are the 14th and the 15th (proc(5)).
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let fields = fields.split_ascii_whitespace().skip(11).take(2);
        TICK * fields
            .map(|ticks| ticks.parse::<u32>().unwrap())
            .sum::<u32>()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
