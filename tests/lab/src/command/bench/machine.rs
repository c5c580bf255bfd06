//! What the results say of the machine and of the commit.

use std::process::Command;

use super::results::{Machine, Run};
use super::{cores, memory_kib};
use crate::stage::project::Project;

/// The file of results, whose own changes do not make a tree dirty: each run changes it.
pub(super) const RESULTS: &str = "tests/lab/RESULTS.md";

/// `server_version` is what Postgres says of itself; a distribution's own version may follow the first word.
pub(super) fn machine(server_version: &str) -> Machine {
    Machine {
        cpu: cpu_model(&std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
        cores: cores(),
        memory_gib: memory_kib("MemTotal:").map_or(0, |kib| (kib + (1 << 19)) >> 20),
        postgres: server_version.split_whitespace().next().unwrap_or("of unknown version").to_owned(),
    }
}

fn cpu_model(info: &str) -> String {
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or("unknown processor", |(_, model)| model.trim()).to_owned()
}

/// The run of today, of the commit that is checked out.
pub(super) fn run(project: &Project) -> Run {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).current_dir(&project.root).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "unknown".into());
    let changes = git(&["status", "--porcelain", "--", ".", &format!(":(exclude){RESULTS}")]).unwrap_or_default();
    let dirty = if changes.is_empty() { "" } else { "+" };
    Run { date: chrono::Utc::now().format("%Y-%m-%d").to_string(), commit: format!("{commit}{dirty}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_told_without_its_name() {
        let info = "processor\t: 0\nmodel name\t: A processor @ 2.0GHz\nflags\t: x\n";
        assert_eq!(cpu_model(info), "A processor @ 2.0GHz");
        assert_eq!(cpu_model(""), "unknown processor");
        assert_eq!(machine("15.18 (Debian 15.18-0+deb12u1)").postgres, "15.18");
    }
}
