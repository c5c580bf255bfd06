//! A nameserver that does not answer, for some names only and without any privilege: a library, loaded before all others,
//! that points glibc's own resolver to a port of ours.

use std::path::Path;
use std::process::Command;

use crate::failure::{Doing, Failure, Result};

/// How the names end that our nameserver is asked for.
pub(crate) const UNANSWERED: &str = ".unanswered";
/// The wrapper around glibc's function. `/etc/resolv.conf` knows no port, and binding port 53 or another file in its place
/// takes root; but glibc respects a resolver state that its thread has changed. One try of two seconds: a resolver's thread
/// that nobody waits for any more is seen to end.
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

/// Builds the library in the cluster's folder, and says how to have it loaded.
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
