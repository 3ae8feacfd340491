//! Work for the CPU that must not keep an executor's thread from its other calls.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::available_parallelism;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Work of fewer bytes is done at once: to hand it over would take longer.
const THRESHOLD: usize = 16 * 1024;

/// Does small work at once, and large work on threads of its own: on half of the machine's at the most.
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
    /// Work of at least `threshold` bytes is offloaded, to at most `at_once` threads, but at least one.
    pub(crate) fn new(threshold: usize, at_once: usize) -> Self {
        Self {
            threshold,
            permits: Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS))),
        }
    }

    /// Does work on that many bytes. Outside of a runtime it is done at once, whatever its size.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Offloaded<T> {
        let job = || catch_unwind(AssertUnwindSafe(job)).map_err(|_| JobFailed);
        let large = bytes >= self.threshold;
        Offloaded(match large.then(Handle::try_current) {
            Some(Ok(runtime)) => Progress::Waiting(self.queue(&runtime, job)),
            _ => Progress::Ready(Some(job())),
        })
    }

    /// Work waits for its turn in a task, which can be aborted; once begun, it runs to its end and keeps its turn till then.
    fn queue<T: Send + 'static>(
        &self,
        runtime: &Handle,
        job: impl FnOnce() -> Result<T, JobFailed> + Send + 'static,
    ) -> JoinHandle<Result<T, JobFailed>> {
        let permits = Arc::clone(&self.permits);
        runtime.spawn(async move {
            let permit = permits.acquire_owned().await.map_err(|_| JobFailed)?;
            let work = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                job()
            });
            work.await.unwrap_or(Err(JobFailed))
        })
    }
}

/// Work that is done or under way. Dropped before its turn, it is never begun.
#[derive(Debug)]
pub(crate) struct Offloaded<T>(Progress<T>);

#[derive(Debug)]
enum Progress<T> {
    Ready(Option<Result<T, JobFailed>>),
    Waiting(JoinHandle<Result<T, JobFailed>>),
}

/// Nothing in it is pinned.
impl<T> Unpin for Offloaded<T> {}

impl<T> Future for Offloaded<T> {
    type Output = Result<T, JobFailed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Progress::Ready(done) => Poll::Ready(done.take().unwrap_or(Err(JobFailed))),
            Progress::Waiting(work) => Pin::new(work)
                .poll(cx)
                .map(|joined| joined.unwrap_or(Err(JobFailed))),
        }
    }
}

impl<T> Drop for Offloaded<T> {
    fn drop(&mut self) {
        if let Progress::Waiting(work) = &self.0 {
            work.abort();
        }
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

    #[tokio::test]
    async fn small_work_is_done_at_once_and_large_work_elsewhere() {
        let offload = Offload::new(100, 1);
        let here = thread::current().id();
        let thread = || thread::current().id();
        assert_eq!(offload.run(99, thread).await.unwrap(), here);
        assert_ne!(offload.run(100, thread).await.unwrap(), here);
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let offload = Offload::new(100, 1);
        for bytes in [0, 100] {
            let failed = offload.run(bytes, || -> u8 { panic!("on purpose") }).await;
            assert_eq!(failed, Err(JobFailed));
        }
        assert_eq!(offload.run(100, || 1).await, Ok(1));
    }

    #[test]
    fn without_a_runtime_work_is_done_at_once() {
        let work = Offload::new(0, 1).run(usize::MAX, || 7);
        assert!(matches!(work.0, Progress::Ready(Some(Ok(7)))));
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
        let jobs: Vec<_> = (0..16).map(|_| offload.run(1, job())).collect();
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
        let first = offload.run(1, move || held.recv());
        let begun = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&begun);
        let second = offload.run(1, move || count.fetch_add(1, Ordering::SeqCst));
        tokio::task::yield_now().await;
        drop(second);
        release.send(()).unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(offload.run(1, || 3).await, Ok(3));
        assert_eq!(begun.load(Ordering::SeqCst), 0);
    }
}
