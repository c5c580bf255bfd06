#!/bin/sh
# RUSTC_WRAPPER of `cargo lab versions`: has pgrx-pg-sys use the bindings of its own src/include, as on docs.rs.
# Only that crate may see the cfg: with it, other crates turn on features that only a nightly compiler has.
case " $* " in
*" --crate-name pgrx_pg_sys "*) exec "$@" --cfg docsrs ;;
*) exec "$@" ;;
esac
