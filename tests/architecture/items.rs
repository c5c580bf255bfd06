//! Names and functions: each type has a name of its own, and no function takes more arguments than a reader can hold.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};

use super::{files, is_test};

/// More arguments than these belong into a value with a name; the receiver does not count.
const MAX_ARGUMENTS: usize = 5;

#[derive(Default)]
struct Items {
    types: Vec<String>,
    /// Functions with too many arguments.
    wide: Vec<String>,
}

impl Items {
    fn check(&mut self, signature: &syn::Signature) {
        let count = signature.inputs.iter().filter(|input| matches!(input, syn::FnArg::Typed(_))).count();
        // Postgres says which arguments its callbacks have.
        if count > MAX_ARGUMENTS && signature.abi.is_none() {
            self.wide.push(format!("{} has {count} arguments", signature.ident));
        }
    }
}

impl<'ast> Visit<'ast> for Items {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.types.push(item.ident.to_string());
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.types.push(item.ident.to_string());
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.types.push(item.ident.to_string());
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.types.push(item.ident.to_string());
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.check(signature);
    }
}

fn items(text: &str) -> Items {
    let mut items = Items::default();
    items.visit_file(&syn::parse_file(text).unwrap());
    items
}

#[test]
fn no_two_types_of_the_extension_have_one_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, text) in files("src").into_iter().filter(|(name, _)| !name.ends_with("/tests.rs")) {
        for name in items(&text).types {
            places.entry(name).or_default().push(file.clone());
        }
    }
    assert!(places.len() > 100, "the types were not found");
    let twice: Vec<_> = places.into_iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn no_function_has_more_arguments_than_a_reader_can_hold() {
    for (file, text) in files("src").into_iter().chain(files("tests")) {
        let wide = items(&text).wide;
        assert!(wide.is_empty(), "{file}: {}", wide.join(", "));
    }
}
