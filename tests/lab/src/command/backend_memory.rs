//! The peak of a backend's memory, read from `/proc`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::failure::{Doing, Failure, Result};

/// Time between two samples.
const EVERY: Duration = Duration::from_millis(5);

/// The highest samples, in KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Peak {
    /// Memory of the backend alone: rows that a scan keeps would fill it.
    pub(crate) anonymous: u64,
    /// Everything resident, with shared buffers and program text: the kernel's own peak.
    pub(crate) resident: u64,
}

/// Samples one process from a thread of its own.
#[derive(Debug)]
pub(crate) struct Watch {
    done: Arc<AtomicBool>,
    thread: JoinHandle<Peak>,
}

impl Watch {
    pub(crate) fn start(process: u32) -> Result<Self> {
        read(process).doing(format!("/proc/{process}/status"))?;
        let done = Arc::new(AtomicBool::new(false));
        let thread = {
            let done = Arc::clone(&done);
            std::thread::spawn(move || {
                let mut peak = Peak::default();
                loop {
                    // The last sample is taken after the scan, so that a short scan has one.
                    let last = done.load(Ordering::Relaxed);
                    if let Ok(now) = read(process) {
                        peak.anonymous = peak.anonymous.max(now.anonymous);
                        peak.resident = peak.resident.max(now.resident);
                    }
                    if last {
                        return peak;
                    }
                    std::thread::sleep(EVERY);
                }
            })
        };
        Ok(Self { done, thread })
    }

    pub(crate) fn stop(self) -> Result<Peak> {
        self.done.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| Failure::new("watching a backend failed"))
    }
}

fn read(process: u32) -> std::io::Result<Peak> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    Ok(Peak { anonymous: number("RssAnon"), resident: number("VmHWM") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_what_this_process_takes() {
        let watch = Watch::start(std::process::id()).unwrap();
        let filled = vec![1_u8; 64 << 20];
        std::thread::sleep(EVERY * 4);
        assert_eq!(filled[filled.len() - 1], 1);
        let peak = watch.stop().unwrap();
        assert!(peak.anonymous > 64 << 10, "{peak:?}");
        assert!(peak.resident >= peak.anonymous / 2, "{peak:?}");
    }
}
