//! Imports among the modules of the extension have no circles. A module and those within it are one subject: what they import of each
//! other does not count.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};

use super::{files, is_test};

/// A module by the names on the way to it.
type Module = Vec<String>;

/// The module that a file is.
fn module(file: &str) -> Module {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    path.split('/').filter(|name| !["mod", "lib"].contains(name)).map(str::to_owned).collect()
}

/// The paths that a module names, from the crate's root on.
struct Paths<'m> {
    module: &'m Module,
    found: Vec<Module>,
}

impl Paths<'_> {
    fn add(&mut self, path: &[String]) {
        let (mut base, mut names) = (self.module.clone(), path);
        match path.first().map(String::as_str) {
            Some("crate") => (base, names) = (Vec::new(), &path[1..]),
            Some("self") => names = &path[1..],
            Some("super") => {
                while names.first().is_some_and(|name| name == "super") {
                    base.pop();
                    names = &names[1..];
                }
            }
            _ => return,
        }
        base.extend_from_slice(names);
        self.found.push(base);
    }

    fn add_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.add_tree(before, item)),
            syn::UseTree::Name(name) => self.add(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(before),
        }
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.add(&path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>());
        visit::visit_path(self, path);
    }
}

/// What each module imports.
fn imports() -> BTreeMap<Module, BTreeSet<Module>> {
    let files: BTreeMap<Module, String> =
        files("src").into_iter().filter(|(name, _)| !name.ends_with("/tests.rs")).map(|(name, text)| (module(&name), text)).collect();
    let mut imports = BTreeMap::new();
    for (module, text) in &files {
        let mut paths = Paths { module, found: Vec::new() };
        paths.visit_file(&syn::parse_file(text).unwrap());
        let target = |path: Module| (0..=path.len()).rev().map(|length| path[..length].to_vec()).find(|path| files.contains_key(path));
        let is_other = |target: &Module| !target.is_empty() && !target.starts_with(module) && !module.starts_with(target);
        imports.insert(module.clone(), paths.found.into_iter().filter_map(target).filter(is_other).collect());
    }
    imports
}

/// The modules that a module leads to, over any number of imports.
fn reached(from: &Module, imports: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let (mut found, mut left) = (BTreeSet::new(), vec![from]);
    while let Some(module) = left.pop() {
        left.extend(imports[module].iter().filter(|next| found.insert((*next).clone())));
    }
    found
}

#[test]
fn imports_have_no_circles() {
    let imports = imports();
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 100, "the imports were not found");
    let circular: Vec<String> = imports.keys().filter(|m| reached(m, &imports).contains(*m)).map(|m| m.join("::")).collect();
    assert!(circular.is_empty(), "these modules import each other: {}", circular.join(", "));
}
