//! Kills one backend with SIGKILL, so that the server restarts and every session is lost.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Storm;
use crate::command::stress::client::Client;
use crate::failure::{Failure, Result};

/// Time for the server to recover, and time to find a backend that reads from an API.
const PATIENCE: Duration = Duration::from_secs(30);
const VICTIM: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                      AND state = 'active' AND query LIKE '%_logs%' ORDER BY random() LIMIT 1";

/// Kills a backend after this time, and returns how long the server accepted no connection.
pub(super) async fn crash(storm: Arc<Storm>, after: Duration) -> Result<Duration> {
    tokio::time::sleep(after).await;
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let Ok(victim) = storm.command(VICTIM).await else { continue };
        let Ok(victim) = victim.parse::<u32>() else {
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        };
        let Ok(witness) = Client::connect(&storm.address).await else { continue };
        storm.crashes.fetch_add(1, Ordering::SeqCst);
        let killed = Command::new("sh").args(["-c", &format!("kill -KILL {victim} 2>/dev/null")]).status();
        let at = Instant::now();
        let recovered = if killed.is_ok_and(|status| status.success()) { Some(recovery(&storm, &witness).await?) } else { None };
        storm.crashes.fetch_add(1, Ordering::SeqCst);
        if let Some(recovered) = recovered {
            return Ok(recovered.duration_since(at));
        }
    }
    Err(Failure::new("no backend was found to be killed"))
}

/// Waits until an older session is lost, and until the server accepts new ones.
async fn recovery(storm: &Storm, witness: &Client) -> Result<Instant> {
    let started = Instant::now();
    while witness.ask("SELECT 1").await.is_ok() && started.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    while started.elapsed() < PATIENCE {
        if Client::connect(&storm.address).await.is_ok() {
            return Ok(Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(Failure::new("the server does not recover from a killed backend"))
}
