//! Parses a command line: options may stand anywhere, words count in their order.

use crate::failure::{Failure, Result};

/// The arguments that nobody has taken yet.
#[derive(Debug)]
pub(crate) struct Args(Vec<String>);

impl Args {
    pub(crate) fn new(args: impl Iterator<Item = String>) -> Self {
        Self(args.collect())
    }

    /// Takes the next word.
    pub(crate) fn word(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    /// Takes an option without a value.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|arg| arg != name);
        self.0.len() < before
    }

    /// Takes an option and its value.
    pub(crate) fn value(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.0.iter().position(|arg| arg == name) else {
            return Ok(None);
        };
        if at + 1 == self.0.len() {
            return Err(Failure::usage(format!("{name} needs a value")));
        }
        self.0.remove(at);
        Ok(Some(self.0.remove(at)))
    }

    /// Takes an option and its number.
    pub(crate) fn number<T: std::str::FromStr>(&mut self, name: &str) -> Result<Option<T>> {
        self.value(name)?.map(|text| text.parse().map_err(|_| Failure::usage(format!("{name}: {text:?} is not a number")))).transpose()
    }

    /// Takes an option and all words up to the next option.
    pub(crate) fn values(&mut self, name: &str) -> Result<Vec<String>> {
        let Some(at) = self.0.iter().position(|arg| arg == name) else {
            return Ok(Vec::new());
        };
        let end = self.0[at + 1..].iter().position(|arg| arg.starts_with("--"));
        let end = end.map_or(self.0.len(), |count| at + 1 + count);
        let values: Vec<String> = self.0.drain(at..end).skip(1).collect();
        if values.is_empty() { Err(Failure::usage(format!("{name} needs a value"))) } else { Ok(values) }
    }

    /// Fails if an argument is left that nobody has taken.
    pub(crate) fn end(self) -> Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some(arg) => Err(Failure::usage(format!("what is {arg:?}?"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_may_stand_anywhere() {
        let mut args = args("rows=5 --app my-app --only a b --check --quick");
        assert!(args.flag("--quick"));
        assert!(!args.flag("--quick"));
        assert!(args.flag("--check"));
        assert_eq!(args.value("--app").unwrap().as_deref(), Some("my-app"));
        assert_eq!(args.values("--only").unwrap(), ["a", "b"]);
        assert_eq!(args.word().as_deref(), Some("rows=5"));
        assert!(args.end().is_ok());
    }

    #[test]
    fn mistakes_are_reported() {
        assert_eq!(args("--port").value("--port").unwrap_err().to_string(), "--port needs a value");
        let mut wrong = args("--port x");
        assert_eq!(wrong.number::<u16>("--port").unwrap_err().to_string(), "--port: \"x\" is not a number");
        assert_eq!(args("--what").end().unwrap_err().to_string(), "what is \"--what\"?");
    }
}
