//! Golden SQL tests: psql runs a script as `pg_regress` would, and its output is compared byte for byte.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::failure::{Doing, Result};
use crate::stage::cleanup::park_if_stopping;
use crate::stage::cluster::Cluster;
use crate::stage::project::Project;

/// A script that takes longer is taken to hang.
const PATIENCE: Duration = Duration::from_secs(180);

/// One test: `sql/NAME.sql` and `expected/NAME.out`.
#[derive(Debug, Clone)]
pub(crate) struct Golden {
    pub(crate) name: String,
    folder: PathBuf,
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GoldenResult {
    Passed,
    /// The output differed, and was written as the expected one.
    Accepted,
    /// Why it failed, with the differences if there are any.
    Failed(String),
}

/// All tests of the project. A script without expected output, or the reverse, is a test that fails.
pub(crate) fn goldens(project: &Project) -> Vec<Golden> {
    let folder = project.root.join("tests/pg_regress");
    let names_in = |part: &str, ending: &str| -> Vec<String> {
        let entries = std::fs::read_dir(folder.join(part)).into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| entry.file_name().into_string().ok());
        files.filter_map(|file| Some(file.strip_suffix(ending)?.to_owned())).collect()
    };
    let mut names = BTreeSet::from_iter(names_in("sql", ".sql"));
    names.extend(names_in("expected", ".out"));
    names.into_iter().map(|name| Golden { name, folder: folder.clone() }).collect()
}

impl Golden {
    fn sql(&self) -> PathBuf {
        self.folder.join("sql").join(&self.name).with_extension("sql")
    }

    fn expected(&self) -> PathBuf {
        self.folder.join("expected").join(&self.name).with_extension("out")
    }

    /// Runs the script in a database of its own.
    pub(crate) fn run(&self, project: &Project, cluster: &Cluster, accept: bool) -> Result<GoldenResult> {
        if !self.sql().is_file() {
            return Ok(GoldenResult::Failed(format!("{} has no script", project.shown(&self.expected()))));
        }
        let results = project.folder().join("results");
        std::fs::create_dir_all(&results)?;
        let result = results.join(&self.name).with_extension("out");
        let crashes_before = crashes(cluster);
        let database = format!("lab_{}", self.name);
        cluster.create_database(&database)?;
        let ended = self.run_script(cluster, &database, &result)?;
        park_if_stopping();
        if crashes(cluster) > crashes_before {
            cluster.wait_until_ready()?;
            return Ok(GoldenResult::Failed("a backend crashed: see target/lab/server.log".into()));
        }
        match ended {
            None => {
                return Ok(GoldenResult::Failed(format!("not finished after {} s", PATIENCE.as_secs())));
            }
            // psql ends with 3 only under ON_ERROR_STOP, which a script may set on purpose.
            Some(status) if !status.success() && status.code() != Some(3) => {
                return Ok(GoldenResult::Failed(format!("psql: {status}\n{}", differences(&self.expected(), &result))));
            }
            Some(_) => {}
        }
        let output = without_locations(&std::fs::read(&result).doing("reading the result")?);
        std::fs::write(&result, &output).doing("writing the result")?;
        let expected = std::fs::read(self.expected()).ok();
        if expected.as_ref() == Some(&output) {
            return Ok(GoldenResult::Passed);
        }
        if accept {
            std::fs::create_dir_all(self.folder.join("expected"))?;
            std::fs::write(self.expected(), output).doing("writing the expected output")?;
            return Ok(GoldenResult::Accepted);
        }
        if expected.is_none() {
            return Ok(GoldenResult::Failed(format!("{} does not exist", project.shown(&self.expected()))));
        }
        Ok(GoldenResult::Failed(differences(&self.expected(), &result)))
    }

    /// Feeds the script to psql; `None` when it did not end in time.
    fn run_script(&self, cluster: &Cluster, database: &str, result: &Path) -> Result<Option<ExitStatus>> {
        let out = File::create(result).doing("writing the result")?;
        let child = cluster
            .psql(database)
            .args(["-a", "-q", "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on"])
            .current_dir(&self.folder)
            // From standard input, so that messages contain no path and line: those change with every edit.
            .stdin(File::open(self.sql()).doing("reading the script")?)
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .doing("psql")?;
        wait(child)
    }
}

/// Drops the lines that name a place in the source. Verbose errors, which scripts need for their SQLSTATE, have such lines, and they change
/// with every edit and every minor release of Postgres.
fn without_locations(output: &[u8]) -> Vec<u8> {
    let lines = output.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(b"LOCATION:  ")).flatten().copied().collect()
}

fn wait(mut child: Child) -> Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How many backends have died of a signal so far.
fn crashes(cluster: &Cluster) -> usize {
    cluster.log().matches("terminated by signal").count()
}

fn differences(expected: &Path, result: &Path) -> String {
    let output = Command::new("diff").arg("-u").arg(expected).arg(result).output();
    match output {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(cause) => format!("diff: {cause}"),
    }
}
