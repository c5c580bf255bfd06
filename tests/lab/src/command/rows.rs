//! `lab rows`: prints the rows behind a URL's settings, as CSV for `\copy … FROM PROGRAM`.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use lab::{RowsError, write_table};

use crate::args::Args;
use crate::failure::{Failure, Result};

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let app = args.value("--app")?.unwrap_or_else(|| "my-app".into());
    let table = args.value("--table")?.unwrap_or_else(|| "tixngo.ticket_status_logs".into());
    let settings = args.word().unwrap_or_default();
    args.end()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    match write_table(&table, &settings, &app, &mut out) {
        Ok(()) => out.flush()?,
        Err(RowsError::Output(cause)) => return Err(cause.into()),
        Err(cause) => return Err(Failure::new(cause.to_string())),
    }
    Ok(ExitCode::SUCCESS)
}
