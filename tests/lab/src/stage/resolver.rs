//! Names whose lookup is never answered: a preloaded library points glibc's resolver to the lab's own nameserver for some names only. It
//! needs no privilege.

use std::path::Path;
use std::process::Command;

use crate::failure::{Doing, Failure, Result};

/// The ending of the names that the lab's nameserver gets.
pub(crate) const UNANSWERED: &str = ".unanswered";
/// A wrapper around glibc's function. `/etc/resolv.conf` names no port, and only root can bind port 53 or replace that file. But glibc
/// respects a resolver state that the thread itself has changed. There is one try of two seconds, so that a test can see how a
/// resolver's thread ends that nobody waits for.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    const char *port = getenv("RESTLOG_LAB_NAMESERVER"), *ending = getenv("RESTLOG_LAB_UNANSWERED");
    size_t length = node ? strlen(node) : 0;
    if (port && ending && length > strlen(ending) && !strcmp(node + length - strlen(ending), ending)) {
        res_init();
        _res.nscount = 1;
        _res.nsaddr_list[0].sin_family = AF_INET;
        _res.nsaddr_list[0].sin_port = htons(atoi(port));
        _res.nsaddr_list[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        _res.retrans = 2;
        _res.retry = 1;
        _res.options &= ~(RES_DEFNAMES | RES_DNSRCH);
    }
    return next(node, service, hints, found);
}
"#;

/// Builds the library in the cluster's folder, and returns the server's environment that loads it.
pub(super) fn environment(folder: &Path, nameserver: u16) -> Result<[(&'static str, String); 3]> {
    let (source, library) = (folder.join("resolver.c"), folder.join("resolver.so"));
    std::fs::write(&source, SOURCE).doing("writing resolver.c")?;
    let output =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).args(["-ldl", "-lresolv"]).output().doing("cc")?;
    if !output.status.success() {
        return Err(Failure::new(format!("building resolver.c: {}", String::from_utf8_lossy(&output.stderr))));
    }
    Ok([
        ("LD_PRELOAD", library.display().to_string()),
        ("RESTLOG_LAB_NAMESERVER", nameserver.to_string()),
        ("RESTLOG_LAB_UNANSWERED", UNANSWERED.to_owned()),
    ])
}
