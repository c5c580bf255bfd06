//! The README tells users what the code does: where both can be compared, they are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::path::Path;

use restlog_fdw::options::{Context, OPTIONS};
use restlog_fdw::sources;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The row of one option, as the README must have it.
fn row(spec: &restlog_fdw::options::Spec) -> String {
    let place = |context: &Context| match context {
        Context::Wrapper => "wrapper",
        Context::Server => "server",
        Context::Mapping => "user mapping",
        Context::Table => "table",
        Context::Column => "column",
    };
    let places: Vec<_> = spec.contexts.iter().map(place).collect();
    let default = match spec.default {
        "" => String::new(),
        words if words.contains(' ') => words.to_owned(),
        value => format!("`{value}`"),
    };
    format!("| `{}` | {} | {default} | {} |", spec.name, places.join(", "), spec.doc)
}

#[test]
fn every_option_has_its_row() {
    let readme = readme();
    let missing: Vec<String> = OPTIONS.iter().map(row).filter(|row| !readme.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "README.md lacks these rows:\n{}", missing.join("\n"));
}

#[test]
fn every_source_table_and_parameter_is_named() {
    let readme = readme();
    for name in sources::built_in_names() {
        let source = sources::built_in(name).unwrap().unwrap();
        for table in &source.tables {
            assert!(readme.contains(&format!("| `{name}` | `{}` |", table.name)), "{name}.{}", table.name);
        }
        for parameter in &source.parameters {
            assert!(readme.contains(&format!("| `{}` |", parameter.name)), "{name}: {}", parameter.name);
        }
    }
}

#[test]
fn every_sqlstate_is_explained() {
    let readme = readme();
    let error = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/error.rs")).unwrap();
    let states = error.lines().filter_map(|line| line.split_once("=> \"")?.1.split_once('"')).map(|(state, _)| state);
    for state in states.filter(|state| *state != "XX000") {
        assert!(readme.contains(&format!("`{state}`")), "{state}");
    }
}
