//! The project's folder, and the lab's own folder in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Doing, Failure, Result};

/// The file that only the project's root has.
const LANDMARK: &str = "restlog_fdw.control";

/// The project's folder.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) root: PathBuf,
}

impl Project {
    /// Looks upwards from where cargo says the lab lives, or from the current folder.
    pub(crate) fn find() -> Result<Self> {
        let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => std::env::current_dir()?,
        };
        let root = start.ancestors().find(|folder| folder.join(LANDMARK).is_file());
        let root = root.ok_or_else(|| Failure::new(format!("no {LANDMARK} in {} or above it", start.display())))?.to_owned();
        std::fs::create_dir_all(root.join("target/lab")).doing("making target/lab")?;
        Ok(Self { root })
    }

    /// The folder for logs, results and clusters.
    pub(crate) fn folder(&self) -> PathBuf {
        self.root.join("target/lab")
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.folder().join(name).with_extension("log")
    }

    /// The path relative to the project's folder.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }

    /// The version that `pgrx = "=…"` pins.
    pub(crate) fn pgrx_version(&self) -> Result<String> {
        let manifest = std::fs::read_to_string(self.root.join("Cargo.toml")).doing("reading Cargo.toml")?;
        let pin = manifest.lines().find_map(|line| {
            let value = line.strip_prefix("pgrx")?.trim_start().strip_prefix('=')?;
            value.split_once("\"=")?.1.split_once('"')
        });
        pin.map(|(version, _)| version.to_owned()).ok_or_else(|| Failure::new("Cargo.toml has no pgrx = \"=…\""))
    }

    /// cargo in the project's folder, without the variables that `cargo run` has set for the lab: a build script that watches them would
    /// run each time.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.root).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let about_us = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
            if about_us.iter().any(|prefix| text.starts_with(prefix)) || text == "LD_LIBRARY_PATH" {
                cargo.env_remove(&name);
            }
        }
        cargo
    }
}
