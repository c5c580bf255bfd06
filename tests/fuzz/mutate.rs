//! One input, or two → another: bytes that are changed, or JSON that stays JSON.

use fastrand::Rng;
use serde_json::{Value, json};

/// What inputs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bytes,
    /// JSON behind the first line, which is one byte and a line break.
    JsonBehindOneLine,
    Json,
}

/// Longer inputs only take longer.
const MAX_LENGTH: usize = 4 << 10;

pub(super) fn mutate(mut input: Vec<u8>, pool: &[Vec<u8>], kind: Kind, words: &[&str], rng: &mut Rng) -> Vec<u8> {
    let head = match kind {
        Kind::Bytes | Kind::Json => 0,
        Kind::JsonBehindOneLine => 2.min(input.len()),
    };
    if kind != Kind::Bytes
        && rng.u8(..4) > 0
        && let Ok(mut value) = serde_json::from_slice::<Value>(&input[head..])
    {
        for _ in 0..=rng.u8(..3) / 2 {
            change_json(&mut value, words, rng);
        }
        input.truncate(head);
        input.extend(value.to_string().bytes());
    } else {
        for _ in 0..=rng.u8(..4) {
            change_bytes(&mut input, pool, words, rng);
        }
    }
    if head > 0 && !input.is_empty() && rng.u8(..8) == 0 {
        input[0] = rng.u8(..);
    }
    input.truncate(MAX_LENGTH);
    input
}

/// A part of the input, perhaps an empty one.
fn part(input: &[u8], rng: &mut Rng) -> std::ops::Range<usize> {
    let from = rng.usize(..=input.len());
    from..from + rng.usize(..=(input.len() - from).min(64))
}

fn change_bytes(input: &mut Vec<u8>, pool: &[Vec<u8>], words: &[&str], rng: &mut Rng) {
    let at = rng.usize(..=input.len());
    match rng.u8(..9) {
        0 if at < input.len() => input[at] ^= 1 << rng.u8(..8),
        1 if at < input.len() => input[at] = rng.u8(..),
        2 => drop(input.drain(part(input, rng))),
        3 => {
            let copied = input[part(input, rng)].to_vec();
            drop(input.splice(at..at, copied));
        }
        4 => {
            // Deep nesting, long runs.
            let (copied, times) = (input[part(input, rng)].to_vec(), rng.usize(..200));
            drop(input.splice(at..at, copied.repeat(times)));
        }
        5 => {
            let other = &pool[rng.usize(..pool.len())];
            let theirs = other[part(other, rng)].to_vec();
            drop(input.splice(part(input, rng), theirs));
        }
        6 => input.truncate(at),
        _ => {
            let word = words[rng.usize(..words.len())].bytes();
            let replaced = if rng.bool() { at..at } else { part(input, rng) };
            drop(input.splice(replaced, word));
        }
    }
}

/// Every value within a value, the value itself included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// The value with this number among all of them.
fn nth<'v>(value: &'v mut Value, n: &mut usize) -> Option<&'v mut Value> {
    if *n == 0 {
        return Some(value);
    }
    *n -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, n)),
        Value::Object(members) => members.values_mut().find_map(|member| nth(member, n)),
        _ => None,
    }
}

fn random(words: &[&str], rng: &mut Rng) -> Value {
    let text = |rng: &mut Rng| words[rng.usize(..words.len())].to_owned();
    match rng.u8(..9) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(rng.i64(..) >> rng.u8(..64)),
        3 => json!(rng.u64(..)),
        4 => json!(rng.f64() * 10_f64.powi(rng.i32(-20..20))),
        5 => json!([]),
        6 => json!({}),
        _ => Value::String(text(rng)),
    }
}

fn change_json(root: &mut Value, words: &[&str], rng: &mut Rng) {
    let other = {
        let mut n = rng.usize(..count(root));
        nth(root, &mut n).map(|value| value.clone()).unwrap_or_default()
    };
    let mut n = rng.usize(..count(root));
    let Some(value) = nth(root, &mut n) else { return };
    match (value, rng.u8(..4)) {
        (Value::Array(items), 0) if !items.is_empty() => drop(items.remove(rng.usize(..items.len()))),
        (Value::Array(items), 1 | 2) => items.push(if rng.bool() { other } else { random(words, rng) }),
        (Value::Object(members), 0) if !members.is_empty() => {
            let name = members.keys().nth(rng.usize(..members.len())).cloned().unwrap_or_default();
            members.remove(&name);
        }
        (Value::Object(members), 1 | 2) => {
            let known = members.keys().nth(rng.usize(..=members.len())).cloned();
            let name = known.map_or_else(|| words[rng.usize(..words.len())].to_owned(), |name| name.to_uppercase());
            members.insert(name, if rng.bool() { other } else { random(words, rng) });
        }
        (Value::String(text), 0) => text.push_str(words[rng.usize(..words.len())]),
        (value, 1) => *value = other,
        (value, _) => *value = random(words, rng),
    }
}
