//! A private Postgres cluster: created when a command starts, removed when it ends, reached over a socket and a loopback port.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lab::{Secure, TlsEndpoint};

use super::cleanup::{Cleanup, at_end};
use super::prepare::PG_CONFIG;
use super::project::Project;
use super::resolver;
use super::server_owner::ServerOwner;
use crate::failure::{Doing, Failure, Result};

/// A socket's path has room for 107 bytes, of which `/socket/.s.PGSQL.65535` takes 22.
const LONGEST_FOLDER: usize = 80;
/// Prefix of clusters' folders; the lab's process number follows it.
const PREFIX: &str = "restlog-lab-";

/// How a cluster is started.
#[derive(Debug)]
pub(crate) struct ClusterConfig<'s> {
    /// Port of the server; `None` takes a free one.
    pub(crate) port: Option<u16>,
    /// The server's `max_connections`.
    pub(crate) connections: u32,
    /// Further lines for postgresql.conf.
    pub(crate) settings: &'s str,
    /// Port on 127.0.0.1 of the nameserver for names that end in `.unanswered`.
    pub(crate) nameserver: Option<u16>,
    /// File name of the log that is kept when the cluster is gone.
    pub(crate) log: &'s str,
}

impl Default for ClusterConfig<'_> {
    fn default() -> Self {
        Self { port: None, connections: 40, settings: "", nameserver: None, log: "server" }
    }
}

/// A running cluster. Dropping it stops the server and removes its folder.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: PathBuf,
    pub(crate) port: u16,
    pub(crate) simulator_url: String,
    /// Further environment variables of clients.
    environment: Vec<(String, String)>,
    _cleanup: Cleanup,
}

impl Cluster {
    /// Starts a cluster whose clients find the simulator's address in their environment.
    pub(crate) fn start(project: &Project, simulator_url: &str, config: &ClusterConfig<'_>) -> Result<Self> {
        let owner = ServerOwner::find()?;
        let folder = make_folder(project, owner)?;
        let port = match config.port {
            Some(port) => port,
            None => TcpListener::bind(("127.0.0.1", 0)).and_then(|free| free.local_addr()).doing("free port")?.port(),
        };
        let cleanup = {
            let (folder, kept_log) = (folder.clone(), project.log(config.log));
            at_end(move || {
                stop(owner, &folder);
                let _ = std::fs::copy(folder.join("server.log"), kept_log);
                let _ = std::fs::remove_dir_all(&folder);
            })
        };
        make_cluster(owner, &folder, port, config)?;
        let program = folder.join("lab");
        std::env::current_exe().and_then(|lab| std::fs::copy(lab, &program)).doing("copying the lab")?;
        let mut server = server_command(owner, &folder, "pg_ctl", &["start", "--wait", "--silent"]);
        if let Some(nameserver) = config.nameserver {
            server.envs(resolver::environment(&folder, nameserver)?);
        }
        server.args(["--log".as_ref(), folder.join("server.log").as_os_str()]).stdout(Stdio::null()).status().doing("pg_ctl").and_then(
            |status| {
                let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
                if status.success() { Ok(()) } else { Err(Failure::new(format!("the server does not start:\n{log}"))) }
            },
        )?;
        Ok(Self { folder, port, simulator_url: simulator_url.to_owned(), environment: Vec::new(), _cleanup: cleanup })
    }

    /// Adds the addresses of the simulator's https to the clients' environment, and writes its authorities where the server can read them.
    pub(crate) fn publish_tls(&mut self, secure: &Secure) -> Result<()> {
        self.environment.extend(secure.names());
        for (name, file, pem) in [
            ("RESTLOG_CA_FILE", "ca.pem", secure.authority()),
            ("RESTLOG_OTHER_CA_FILE", "other_ca.pem", secure.other_authority()),
            ("RESTLOG_SELF_SIGNED_FILE", "self_signed.pem", secure.certificate(TlsEndpoint::SelfSignedAuthority)),
        ] {
            let path = self.folder.join(file);
            std::fs::write(&path, pem).doing(format!("writing {file}"))?;
            self.environment.push((name.to_owned(), path.display().to_string()));
        }
        Ok(())
    }

    /// Environment variables of clients, beside those of the simulator itself.
    pub(crate) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// psql as the superuser. Its environment does not depend on that of the lab.
    pub(crate) fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new(Path::new(PG_CONFIG).with_file_name("psql"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["PG", "LC_", "LANG", "PSQL"].iter().any(|prefix| text.starts_with(prefix)) {
                psql.env_remove(&name);
            }
        }
        psql.args(["-X", "-d", database])
            .env("PGHOST", self.socket())
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", "postgres")
            .env("PGCLIENTENCODING", "UTF8")
            .env("LC_MESSAGES", "C")
            .env("RESTLOG_SIM_URL", &self.simulator_url)
            .env("RESTLOG_LAB", self.program())
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        psql
    }

    /// The folder of the socket that the server listens at.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// A copy of the lab's program that psql and backends can run.
    pub(crate) fn program(&self) -> PathBuf {
        self.folder.join("lab")
    }

    /// Runs SQL that must succeed, and returns its output, unaligned and without headings.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let output =
            self.psql(database).args(["-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]).stdin(Stdio::null()).output().doing("psql")?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
        }
        Err(Failure::new(format!("{sql}\n{}", String::from_utf8_lossy(&output.stderr).trim_end())))
    }

    /// A new, empty database.
    pub(crate) fn create_database(&self, name: &str) -> Result<()> {
        let sql = format!("CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
        self.sql("postgres", &sql).map(|_| ())
    }

    /// Waits until the server has recovered from a crash.
    pub(crate) fn wait_until_ready(&self) -> Result<()> {
        let started = Instant::now();
        loop {
            match self.sql("postgres", "SELECT 1") {
                Err(_) if started.elapsed() < Duration::from_secs(30) => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                outcome => return outcome.map(|_| ()),
            }
        }
    }

    /// Stops the server; its data stay for [`Self::backend_alone`].
    pub(crate) fn stop_server(&self) {
        if let Ok(owner) = ServerOwner::find() {
            stop(owner, &self.folder);
        }
    }

    /// A backend in single-user mode under a tool like callgrind: it executes each line of the text, and ends. The server must have
    /// stopped.
    pub(crate) fn backend_alone(&self, tool: &[&str], lines: &str) -> Result<Command> {
        std::fs::write(self.folder.join("lines.sql"), lines).doing("writing lines.sql")?;
        let postgres = Path::new(PG_CONFIG).with_file_name("postgres");
        let mut command = ServerOwner::find()?.command(Path::new("/bin/sh"), &self.folder);
        command.args(["-c", "exec \"$@\" < lines.sql", "sh"]).args(tool).arg(postgres);
        command.args(["--single", "-D", "data", "postgres"]);
        Ok(command)
    }

    /// Temporary files of queries that exist now.
    pub(crate) fn temporary_files(&self) -> usize {
        std::fs::read_dir(self.folder.join("data/base/pgsql_tmp")).into_iter().flatten().count()
    }

    /// The server's log so far.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.join("server.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Creates a folder that the server's owner can use: below the project, else in the system's temporary folder.
fn make_folder(project: &Project, owner: ServerOwner) -> Result<PathBuf> {
    for parent in [project.folder(), std::env::temp_dir()] {
        remove_leftovers(&parent, owner);
        let folder = parent.join(format!("{PREFIX}{}", std::process::id()));
        if folder.as_os_str().len() > LONGEST_FOLDER {
            continue;
        }
        std::fs::create_dir_all(&folder).doing(format!("making {}", folder.display()))?;
        owner.chown(&folder)?;
        if owner.can_use(&folder) {
            return Ok(folder);
        }
        std::fs::remove_dir_all(&folder)?;
    }
    Err(Failure::new("the server's owner can use neither the project's folder nor the temporary one"))
}

/// Stops and removes clusters whose lab was killed.
fn remove_leftovers(parent: &Path, owner: ServerOwner) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse::<u32>().ok());
        if number.is_some_and(|number| !Path::new(&format!("/proc/{number}")).exists()) {
            stop(owner, &entry.path());
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn make_cluster(owner: ServerOwner, folder: &Path, port: u16, config: &ClusterConfig<'_>) -> Result<()> {
    let output = server_command(owner, folder, "initdb", &[])
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
        .output()
        .doing("initdb")?;
    if !output.status.success() {
        return Err(Failure::new(format!("initdb: {}", String::from_utf8_lossy(&output.stderr))));
    }
    let socket = folder.join("socket");
    std::fs::create_dir(&socket)?;
    owner.chown(&socket)?;
    // The data need not survive a power cut. Without autovacuum and JIT, plans do not change by themselves.
    let settings = format!(
        "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\n\
         max_connections = {}\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_wal_size = '4GB'\n\
         autovacuum = off\njit = off\ntimezone = 'UTC'\nlog_timezone = 'UTC'\nlc_messages = 'C'\n\
         log_min_messages = warning\n{}",
        socket.display(),
        config.connections,
        config.settings
    );
    std::fs::OpenOptions::new()
        .append(true)
        .open(folder.join("data/postgresql.conf"))
        .and_then(|mut file| file.write_all(settings.as_bytes()))
        .doing("writing postgresql.conf")
}

/// One of the server's programs, run as the server's owner on the cluster's data.
fn server_command(owner: ServerOwner, folder: &Path, program: &str, args: &[&str]) -> Command {
    let mut command = owner.command(&Path::new(PG_CONFIG).with_file_name(program), folder);
    command.args(args).arg("-D").arg(folder.join("data"));
    command
}

/// Stops the server by its pid file: with mode fast, then immediate, then with SIGKILL.
fn stop(owner: ServerOwner, folder: &Path) {
    let pid_file = folder.join("data/postmaster.pid");
    let pid = std::fs::read_to_string(&pid_file).ok().and_then(|text| text.lines().next()?.parse::<u32>().ok());
    // The pid file may be stale, and its number another process's now.
    let ours = |pid: &u32| {
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).contains(&*folder.to_string_lossy())
    };
    let Some(pid) = pid.filter(ours) else { return };
    for mode in ["fast", "immediate"] {
        let stopped = server_command(owner, folder, "pg_ctl", &["stop", "--silent", "--timeout=5", "--mode", mode])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if stopped.is_ok_and(|status| status.success()) {
            return;
        }
    }
    let _ = Command::new("sh").args(["-c", &format!("kill -KILL {pid} 2>/dev/null")]).status();
    let patience = Instant::now();
    while Path::new(&format!("/proc/{pid}")).exists() && patience.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(50));
    }
}
