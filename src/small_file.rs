//! Files that an option names: small ones, read by the database server.

use std::fs::OpenOptions;
use std::io::{Error, Read, Result};
use std::os::unix::fs::OpenOptionsExt;

use nix::libc::{O_NOCTTY, O_NONBLOCK};

/// Reads a regular file of at most `most` bytes. Anything else is refused without waiting: a FIFO without a writer would hold the
/// backend for ever.
pub fn read(path: &str, most: u64) -> Result<Vec<u8>> {
    let file = OpenOptions::new().read(true).custom_flags(O_NONBLOCK | O_NOCTTY).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(Error::other("It is not a regular file"));
    }
    let mut bytes = Vec::with_capacity(found.len().min(most) as usize);
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let size = if most >= 1 << 20 { format!("{} MB", most >> 20) } else { format!("{} kB", most >> 10) };
        return Err(Error::other(format!("It is larger than {size}")));
    }
    Ok(bytes)
}
