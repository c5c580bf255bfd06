//! Holds the rooms of the design: who may import whom, where `unsafe` may stand, and what no file may have.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod circles;
mod items;

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, as path from the project's root and text.
fn files(folder: &str) -> Vec<(String, String)> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    assert!(!found.is_empty(), "{folder} has no Rust files");
    let name = |path: &Path| path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    found.into_iter().map(|path| (name(&path), std::fs::read_to_string(&path).unwrap())).collect()
}

/// The lines of a file that are not comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"))
}

/// Whether an item is compiled for tests only.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|what| what == "test"))
}

fn forbid(folder: &str, words: &[&str]) {
    for (name, text) in files(folder) {
        for line in code(&text) {
            for word in words {
                assert!(!line.contains(word), "{name} must not know \"{word}\": {line}");
            }
        }
    }
}

#[test]
fn imports_run_one_way() {
    forbid("src/sources", &["crate::plan", "crate::http", "crate::scan", "crate::pg", "crate::options::validate"]);
    forbid("src/plan", &["crate::http", "crate::scan", "crate::pg"]);
    forbid("src/http", &["crate::scan", "crate::pg"]);
    forbid("src/scan", &["crate::pg"]);
}

#[test]
fn pgrx_is_known_in_one_room() {
    for folder in ["src/sources", "src/plan", "src/http", "src/scan", "src/options"] {
        forbid(folder, &["pgrx", "pg_sys"]);
    }
    // The lab installs cargo-pgrx, but must build without it.
    let lab = std::fs::read_to_string(root().join("tests/lab/Cargo.toml")).unwrap();
    assert!(!lab.contains("pgrx"), "the lab depends on pgrx");
}

#[test]
fn the_pure_rooms_know_no_network_no_clock_and_no_thread() {
    let words =
        ["reqwest", "tokio", "std::net", "Instant::now", "SystemTime", "Utc::now", "Local::now", "std::thread", "std::env", "std::fs"];
    forbid("src/sources", &words);
    forbid("src/plan", &words);
}

#[test]
fn one_room_knows_the_http_client() {
    for (name, text) in files("src") {
        let client = code(&text).any(|line| line.contains("reqwest"));
        assert!(!client || name.starts_with("src/http/"), "{name} knows reqwest");
    }
}

#[test]
fn unsafe_stands_in_one_room_and_is_forbidden_in_all_others() {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut forbidden = false;
    for line in code(&lib) {
        if let Some(module) = line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod ")) {
            let module = module.trim_end_matches(';');
            assert_eq!(forbidden, module != "pg", "module {module}");
        }
        forbidden = line == "#[forbid(unsafe_code)]";
    }
    for (name, text) in files("src") {
        let has = code(&text).any(|line| line.contains("unsafe {") || line.contains("unsafe fn") || line.contains("unsafe extern"));
        assert!(!has || name.starts_with("src/pg/"), "{name} has unsafe code");
    }
}

#[test]
fn files_can_be_read_in_one_sitting_and_say_what_they_are_for() {
    for (name, text) in files("src").into_iter().chain(files("tests")) {
        assert!(text.lines().count() <= 450, "{name} has {} lines", text.lines().count());
        let is_test = name.ends_with("/tests.rs");
        assert!(is_test || text.starts_with("//!"), "{name} does not open with what it is for");
        assert!(!name.contains("utils") && !name.contains("helpers"), "{name}: named after nothing");
    }
}

#[test]
fn a_new_paging_style_breaks_the_build_where_it_matters() {
    for (name, text) in files("src").into_iter().filter(|(name, _)| !name.ends_with("/tests.rs")) {
        let text = text.split("\n#[cfg(test)]").next().unwrap();
        for line in code(text).filter(|line| line.contains("PagingStyle::")) {
            // A comparison would take a new style for what it is not; a match must choose.
            assert!(!line.contains("matches!") && !line.contains("== "), "{name} compares a style: {line}");
        }
    }
}

#[test]
fn versions_of_postgres_differ_in_one_file() {
    for (name, text) in files("src") {
        assert!(name == "src/pg/compat.rs" || !text.contains("feature = \"pg"), "{name} knows versions of Postgres");
    }
}

#[test]
fn comments_name_their_subject() {
    for (name, text) in files("src").into_iter().chain(files("tests/lab")) {
        for line in text.lines().map(str::trim_start) {
            let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).unwrap_or_default().trim_start();
            for beginning in ["The same", "Whether it does", "So many", "See "] {
                assert!(!doc.starts_with(beginning), "{name}: {line}");
            }
        }
    }
}

#[test]
fn words_are_those_of_the_field() {
    // Names that were private English once: an anchor of the field has another word for each.
    let private = ["Ahead", "Gate", "Warmth", "Turns", "Made", "leave_to_send", "hungry", "spoil", "give"];
    for (name, text) in files("src").into_iter().chain(files("tests/lab")) {
        for line in code(&text) {
            let (before, behind) = (line.find('"').unwrap_or(line.len()), line.rfind('"').map_or(line.len(), |at| at + 1));
            let outside_strings = format!("{} {}", &line[..before], &line[behind..]);
            let words = outside_strings.split(|c: char| !c.is_alphanumeric() && c != '_');
            let found: Vec<&str> = words.filter(|word| private.contains(word)).collect();
            assert!(found.is_empty(), "{name}: {found:?} in {line}");
        }
    }
}

#[test]
fn nothing_is_left_undone() {
    let marks = ["TO", "DO"].concat();
    for (name, text) in files("src").into_iter().chain(files("tests")) {
        for mark in [marks.as_str(), "FIXME", "HACK", "XXX:", "#[ignore"] {
            // This file names the marks.
            assert!(name.starts_with("tests/architecture/") || !text.contains(mark), "{name} has {mark}");
        }
    }
}

/// The laws of `src/lib.rs`: what stands behind "Tests:" of each, by number.
fn laws() -> Vec<(u32, String)> {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let docs: String = lib.lines().filter_map(|line| line.strip_prefix("//!")).map(|line| format!("{}\n", line.trim())).collect();
    let (_, laws) = docs.split_once("# Laws").unwrap();
    let mut found: Vec<(u32, String)> = Vec::new();
    for line in laws.lines() {
        match line.split_once(". **").and_then(|(number, _)| number.parse().ok()) {
            Some(number) => found.push((number, String::new())),
            None => found.last_mut().into_iter().for_each(|(_, text)| *text += &format!(" {line}")),
        }
    }
    found.into_iter().map(|(number, text)| (number, text.split_once("Tests:").map_or("", |(_, tests)| tests).to_owned())).collect()
}

#[test]
fn every_law_names_tests_that_exist() {
    let laws = laws();
    assert_eq!(laws.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=13).collect::<Vec<_>>());
    for (number, tests) in laws {
        let named: Vec<&str> = tests.trim().trim_end_matches('.').split(',').map(str::trim).filter(|test| !test.is_empty()).collect();
        assert!(!named.is_empty(), "law {number} names no test");
        for test in named {
            let (path, function) = test.strip_prefix('`').and_then(|test| test.split_once('`')).unwrap();
            let text = std::fs::read_to_string(root().join(path)).unwrap_or_else(|_| panic!("law {number}: there is no {path}"));
            let declared = |function: &str| text.contains(&format!("fn {function}("));
            let is_whole_file = function.is_empty() && (path.ends_with(".sql") || path.starts_with("tests/lab/"));
            assert!(is_whole_file || declared(function.trim()), "law {number}: {path} has no test{function}");
        }
    }
}

#[test]
fn every_citation_leads_to_a_law() {
    let last = laws().len();
    let sql = std::fs::read_dir(root().join("tests/pg_regress/sql")).unwrap().map(|entry| entry.unwrap().path());
    let sql = sql.map(|path| (path.to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()));
    let readme = ("README.md".to_owned(), std::fs::read_to_string(root().join("README.md")).unwrap());
    for (name, text) in files("src").into_iter().chain(files("tests")).chain(sql).chain([readme]) {
        for (at, _) in text.to_lowercase().match_indices("law ") {
            let number: String = text[at + 4..].chars().take_while(char::is_ascii_digit).collect();
            assert!(
                number.parse().is_ok_and(|number: usize| (1..=last).contains(&number)) || number.is_empty(),
                "{name} cites law {number}"
            );
        }
        for page in ["DESIGN", "refresh.md", "redesign.md"] {
            assert!(
                name.starts_with("tests/architecture/") || !text.contains(page),
                "{name} leads to {page}, which is not in this project"
            );
        }
    }
}

#[test]
fn every_dependency_says_why() {
    for manifest in ["Cargo.toml", "tests/lab/Cargo.toml"] {
        let text = std::fs::read_to_string(root().join(manifest)).unwrap();
        let mut section = "";
        let mut before = "";
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            } else if section.contains("dependencies") && line.contains('=') {
                assert!(before.starts_with('#'), "{manifest}: {line} has no reason above it");
            }
            before = line;
        }
    }
}
