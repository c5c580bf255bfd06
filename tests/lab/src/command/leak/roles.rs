//! A session that reads as one role after another, as behind a pooler. Each role has its own secret, and so its own connections.

use super::{DATABASE, SETTLE, range};
use crate::command::stress::process::Resources;
use crate::command::stress::{Outcome, Stage};
use crate::failure::{Doing, Result};
use crate::stage::step::Progress;

/// The number of roles, and the number after which resources are measured first: by then the session keeps all connections it may.
const ROLES: u32 = 1_000;
const FIRST: u32 = 200;
/// Allowed growth of anonymous memory from then on: the allocator's arenas differ a little from run to run.
const GROWTH_KIB: u64 = 8 * 1024;
/// The most sockets of a session: a third of a process's descriptors, as Postgres grants them to external code.
const SOCKETS: usize = 333;

/// Reads as each of the roles, and compares the session's resources before and after.
pub(super) async fn measure(stage: &Stage, progress: &mut Progress, outcome: &mut Outcome) -> Result<()> {
    let client = stage.connect(DATABASE).await?;
    let make = format!(
        "DO $$ BEGIN FOR i IN 1..{ROLES} LOOP
           EXECUTE format('CREATE ROLE lab_reader_%s; GRANT USAGE ON SCHEMA good TO lab_reader_%s; \
             GRANT SELECT ON good.ticket_status_logs TO lab_reader_%s; \
             CREATE USER MAPPING FOR lab_reader_%s SERVER good OPTIONS (api_key ''lab-key'')', i, i, i, i);
         END LOOP; END $$"
    );
    client.ask(&make).await.doing("making the roles")?;
    let mut before = Resources::default();
    for role in 1..=ROLES {
        progress.tick()?;
        client.ask(&format!("SET ROLE lab_reader_{role}")).await.doing("SET ROLE")?;
        let rows = client.value(&format!("SELECT count(ticketid) FROM {}", range("good"))).await;
        outcome.check(match rows {
            Ok(rows) if rows == "60" => None,
            other => Some(format!("roles: role {role} was answered {other:?}")),
        });
        if role == FIRST {
            tokio::time::sleep(SETTLE).await;
            before = Resources::by(client.backend)?;
        }
    }
    tokio::time::sleep(SETTLE).await;
    let after = Resources::by(client.backend)?;
    let growth = after.anonymous.saturating_sub(before.anonymous);
    let grown = [
        (growth > GROWTH_KIB).then_some("anonymous memory grew"),
        (after.sockets > SOCKETS).then_some("there are too many sockets"),
        (after.threads > before.threads).then_some("threads grew"),
    ];
    for grown in grown.into_iter().flatten() {
        outcome.check(Some(format!("roles: {grown}: before {before:?}, after {after:?}")));
    }
    outcome.notes.push(format!(
        "roles: {ROLES} in one session: {} kB and {} sockets after {FIRST}, {growth} kB more and {} sockets after all",
        before.anonymous, before.sockets, after.sockets
    ));
    Ok(())
}
