//! The threads of one backend: two workers, started at the first request, with every signal blocked (law 11).

use nix::sys::signal::{SigSet, SigmaskHow};
use once_cell::sync::OnceCell;
use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, ErrorKind, Result};

/// How many threads there are: one sends and receives while the other decodes. More would only take the machine from other backends.
const WORKERS: usize = 2;

static RUNTIME: OnceCell<Runtime> = OnceCell::new();

/// The runtime of this process. It is never shut down: exit ends its threads, and none of them holds anything that needs an orderly
/// end.
pub fn runtime() -> Result<&'static Runtime> {
    RUNTIME.get_or_try_init(|| {
        // A signal may be delivered to any thread that does not block it, and Postgres' handlers must run on Postgres' thread.
        // A new thread inherits the mask of the thread that starts it: so this thread blocks all signals while it starts them.
        let _restored = Restored(SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK).map_err(|e| failed("block signals for", e))?);
        Builder::new_multi_thread().worker_threads(WORKERS).thread_name("restlog").enable_all().build().map_err(|e| failed("start", e))
    })
}

/// The signal mask to be set again on drop, also when tokio panics because it cannot start a thread: a backend that blocks every
/// signal could be neither cancelled nor stopped.
struct Restored(SigSet);

impl Drop for Restored {
    fn drop(&mut self) {
        // This fails only for a wrong argument.
        let _ = self.0.thread_set_mask();
    }
}

fn failed(what: &str, cause: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("could not {what} the threads that read from the API")).detail(format!("{cause}."))
}
