//! Runs cleanup actions when a command ends: by itself, by a failure or by a signal.

use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use tokio::signal::unix::{SignalKind, signal};

type Action = Box<dyn FnOnce() + Send>;

/// Actions that have not run yet, oldest first. The lock is held while an action runs: a signal waits until the action is complete.
static ACTIONS: Mutex<Vec<(u64, Action)>> = Mutex::new(Vec::new());
static NEXT: AtomicU64 = AtomicU64::new(0);
static STOPPING: AtomicBool = AtomicBool::new(false);
/// Whether the command waits for a signal, so that a signal is its normal end.
static EXPECTED: AtomicBool = AtomicBool::new(false);
static WATCH: Once = Once::new();

/// Runs its action when dropped, unless a signal has run it before.
#[derive(Debug)]
#[must_use]
pub(crate) struct Cleanup(u64);

/// Registers an action for the end of the command.
pub(crate) fn at_end(action: impl FnOnce() + Send + 'static) -> Cleanup {
    WATCH.call_once(|| {
        std::thread::spawn(watch_signals);
    });
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    ACTIONS.lock().unwrap_or_else(PoisonError::into_inner).push((number, Box::new(action)));
    Cleanup(number)
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        let mut actions = ACTIONS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = actions.iter().position(|(number, _)| *number == self.0) {
            let (_, action) = actions.remove(at);
            action();
        }
    }
}

/// Waits for the signal that ends the command.
pub(crate) fn wait_for_signal() -> ExitCode {
    EXPECTED.store(true, Ordering::Relaxed);
    park_forever()
}

/// Parks the thread if a signal is ending the process. A child that failed meanwhile failed by that signal, which is no error to report.
pub(crate) fn park_if_stopping() {
    if STOPPING.load(Ordering::Relaxed) {
        park_forever();
    }
}

fn park_forever() -> ExitCode {
    loop {
        std::thread::park();
    }
}

fn watch_signals() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return;
    };
    let number = runtime.block_on(async {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => 2,
            _ = terminate.recv() => 15,
            _ = hangup.recv() => 1,
        }
    });
    STOPPING.store(true, Ordering::Relaxed);
    let mut actions = ACTIONS.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some((_, action)) = actions.pop() {
        action();
    }
    std::process::exit(if EXPECTED.load(Ordering::Relaxed) { 0 } else { 128 + number });
}

/// Ends a process group that the lab has started. The shell's `kill` does it: the standard library cannot signal a group. dash accepts no
/// `--` before the number.
pub(crate) fn kill_group(leader: u32) {
    let _ = Command::new("sh").args(["-c", &format!("kill -TERM -{leader} 2>/dev/null")]).status();
}

impl Cleanup {
    /// Unregisters the action without running it.
    pub(crate) fn forget(self) {
        let mut actions = ACTIONS.lock().unwrap_or_else(PoisonError::into_inner);
        actions.retain(|(number, _)| *number != self.0);
    }
}
