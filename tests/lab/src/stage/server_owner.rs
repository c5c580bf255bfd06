//! The user whom the server runs as. Postgres refuses to run as root, so root starts it as `postgres`.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Doing, Failure, Result};

/// The user of the server's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerOwner {
    /// The user who runs the lab.
    Caller,
    /// The user `postgres`, by number.
    Postgres { user: u32, group: u32 },
}

impl ServerOwner {
    pub(crate) fn find() -> Result<Self> {
        if !is_root()? {
            return Ok(Self::Caller);
        }
        let users = std::fs::read_to_string("/etc/passwd").doing("reading /etc/passwd")?;
        let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let mut numbers = fields
            .filter(|fields| fields.first() == Some(&"postgres"))
            .filter_map(|fields| Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?)));
        let (user, group) = numbers.next().ok_or_else(|| Failure::new("there is no user postgres"))?;
        Ok(Self::Postgres { user, group })
    }

    /// Makes the server's owner the owner of a folder.
    pub(crate) fn chown(self, folder: &Path) -> Result<()> {
        match self {
            Self::Caller => Ok(()),
            Self::Postgres { user, group } => {
                std::os::unix::fs::chown(folder, Some(user), Some(group)).doing(format!("giving {} to postgres", folder.display()))
            }
        }
    }

    /// A command that runs as the server's owner, in a folder that this user can enter.
    pub(crate) fn command(self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        if let Self::Postgres { user, group } = self {
            command.uid(user).gid(group).env("HOME", folder);
        }
        command
    }

    /// Whether the server's owner can use a folder. A closed folder above it may prevent that.
    pub(crate) fn can_use(self, folder: &Path) -> bool {
        self.command(Path::new("/bin/sh"), folder).args(["-c", "test -w . && test -x ."]).status().is_ok_and(|status| status.success())
    }
}

/// Whether the lab may install packages and write into the system's folders.
pub(crate) fn is_root() -> Result<bool> {
    let output = Command::new("id").arg("-u").output().doing("id -u")?;
    Ok(output.stdout.trim_ascii() == b"0")
}
