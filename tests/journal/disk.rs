//! Small disks, where the tests' user may mount them.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A file system in memory.
pub(crate) struct Mounted(TempDir);

impl Mounted {
    /// One of a size, as `mount` writes it; nothing where mounting is not allowed.
    pub(crate) fn new(size: &str) -> Option<Self> {
        let folder = TempDir::new().ok()?;
        let options = format!("size={size}");
        let arguments = ["-t", "tmpfs", "-o", &options, "tmpfs"];
        mount(&arguments, folder.path()).then_some(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn read_only(&self) {
        assert!(mount(&["-o", "remount,ro"], self.path()));
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).output();
    }
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    let mounted = Command::new("mount").args(arguments).arg(at).output();
    mounted.is_ok_and(|output| output.status.success())
}

/// Nobody shall think that it was tested: what a test prints is shown only when it fails, and what it writes here always.
pub(crate) fn say_skipped(what: &str) {
    let said = writeln!(io::stderr(), "NOT TESTED: {what}: this user may not mount");
    said.unwrap();
}
