//! Work for the CPU that must not keep an executor's thread from its other calls.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::thread::available_parallelism;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Work of fewer bytes is done at once: to hand it over would take longer.
const THRESHOLD: usize = 16 * 1024;

/// Has small work done at once, and large work on threads of its own: on half of the machine's at the most.
#[derive(Debug, Clone)]
pub(crate) struct Offload {
    threshold: usize,
    permits: Arc<Semaphore>,
}

impl Default for Offload {
    fn default() -> Self {
        let threads = available_parallelism().map_or(1, usize::from);
        Self::new(THRESHOLD, threads / 2)
    }
}

/// The work panicked, or the runtime is shutting down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the work could not be finished")]
pub(crate) struct JobFailed;

impl Offload {
    /// Work on at least `threshold` bytes is offloaded, to at most `at_once` threads, but at least one.
    pub(crate) fn new(threshold: usize, at_once: usize) -> Self {
        Self {
            threshold,
            permits: Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS))),
        }
    }

    /// Where work on that many bytes is to be done. Outside of a runtime that is here, whatever its size.
    pub(crate) fn place(&self, bytes: usize) -> Place<'_> {
        let is_large = bytes >= self.threshold;
        match is_large.then(Handle::try_current) {
            Some(Ok(runtime)) => Place::Elsewhere(Elsewhere {
                runtime,
                permits: &self.permits,
            }),
            _ => Place::Here,
        }
    }
}

/// Where work is to be done.
pub(crate) enum Place<'a> {
    /// At once, with what is at hand.
    Here,
    /// By others, with what is their own.
    Elsewhere(Elsewhere<'a>),
}

/// Threads for large work.
pub(crate) struct Elsewhere<'a> {
    runtime: Handle,
    permits: &'a Arc<Semaphore>,
}

impl Elsewhere<'_> {
    /// Work waits for its turn in a task, which can be aborted; once begun, it runs to its end and keeps its turn till then.
    pub(crate) fn run<T: Send + 'static>(
        self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Offloaded<T> {
        let permits = Arc::clone(self.permits);
        Offloaded(self.runtime.spawn(async move {
            let permit = permits.acquire_owned().await.map_err(|_| JobFailed)?;
            let work = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                caught(job)
            });
            work.await.unwrap_or(Err(JobFailed))
        }))
    }
}

/// Does work whose panic shall not be its caller's.
pub(crate) fn caught<T>(job: impl FnOnce() -> T) -> Result<T, JobFailed> {
    catch_unwind(AssertUnwindSafe(job)).map_err(|_| JobFailed)
}

/// Work under way elsewhere. Dropped before its turn, it is never begun.
#[derive(Debug)]
pub(crate) struct Offloaded<T>(JoinHandle<Result<T, JobFailed>>);

impl<T> Future for Offloaded<T> {
    type Output = Result<T, JobFailed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let joined = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(joined.unwrap_or(Err(JobFailed)))
    }
}

impl<T> Drop for Offloaded<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, mpsc};
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// What has not happened by then never will.
    const HANGS: Duration = Duration::from_secs(60);

    /// Does large work.
    fn run<T: Send + 'static>(
        offload: &Offload,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Offloaded<T> {
        match offload.place(usize::MAX) {
            Place::Elsewhere(elsewhere) => elsewhere.run(job),
            Place::Here => panic!("there is a runtime"),
        }
    }

    #[tokio::test]
    async fn small_work_is_done_at_once_and_large_work_elsewhere() {
        let offload = Offload::new(100, 1);
        assert!(matches!(offload.place(99), Place::Here));
        let thread = || thread::current().id();
        assert_ne!(run(&offload, thread).await.unwrap(), thread());
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let offload = Offload::new(100, 1);
        let panics = || -> u8 { panic!("on purpose") };
        assert_eq!(caught(panics), Err(JobFailed));
        assert_eq!(run(&offload, panics).await, Err(JobFailed));
        assert_eq!(run(&offload, || 1).await, Ok(1));
    }

    #[test]
    fn without_a_runtime_work_is_done_at_once() {
        let offload = Offload::new(0, 1);
        assert!(matches!(offload.place(usize::MAX), Place::Here));
    }

    /// Each is held until another may begin.
    #[tokio::test(flavor = "multi_thread")]
    async fn as_many_run_at_once_as_allowed_and_no_more() {
        let offload = Offload::new(0, 2);
        let running = Arc::new(AtomicUsize::new(0));
        let (begun, begins) = mpsc::channel();
        let (let_go, held) = mpsc::channel();
        let held = Arc::new(Mutex::new(held));
        let job = || {
            let (running, begun, held) = (running.clone(), begun.clone(), held.clone());
            move || {
                let _ = begun.send(running.fetch_add(1, Ordering::SeqCst) + 1);
                // Also one that is left alone goes on: the test has failed then.
                let _ = held.lock().unwrap().recv();
                running.fetch_sub(1, Ordering::SeqCst);
            }
        };
        let jobs: Vec<_> = (0..16).map(|_| run(&offload, job())).collect();
        let mut at_once: Vec<usize> = Vec::new();
        for number in 0..jobs.len() {
            if number >= 2 {
                let_go.send(()).unwrap();
            }
            at_once.push(begins.recv_timeout(HANGS).unwrap());
        }
        drop(let_go);
        for job in jobs {
            job.await.unwrap();
        }
        at_once.sort_unstable();
        assert_eq!(at_once, [&[1][..], &[2; 15]].concat());
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_never_begun() {
        let offload = Offload::new(0, 1);
        let (release, held) = mpsc::channel::<()>();
        let first = run(&offload, move || held.recv());
        let begun = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&begun);
        let second = run(&offload, move || count.fetch_add(1, Ordering::SeqCst));
        tokio::task::yield_now().await;
        drop(second);
        release.send(()).unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(run(&offload, || 3).await, Ok(3));
        assert_eq!(begun.load(Ordering::SeqCst), 0);
    }
}
