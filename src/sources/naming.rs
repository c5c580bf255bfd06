//! An API's names → the names that IMPORT FOREIGN SCHEMA gives to columns.

use crate::error::{Error, ErrorKind, Result};

/// How an API's name becomes a column's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColumnCase {
    /// Lower case, like an unquoted identifier: `createdDate` → `createddate`.
    #[default]
    Fold,
    /// The API's name itself.
    Preserve,
    /// `createdDate` → `created_date`.
    Snake,
}

impl ColumnCase {
    /// Reads the names and values of the options of IMPORT FOREIGN SCHEMA. `column_case` is the only one.
    pub fn of_options(options: &[(String, String)]) -> Result<Self> {
        if let Some((name, _)) = options.iter().find(|(name, _)| name != "column_case") {
            return Err(Error::new(ErrorKind::OptionName, format!("option \"{name}\" is not valid for IMPORT FOREIGN SCHEMA"))
                .hint("The only valid option here is: column_case."));
        }
        match options.first().map(|(_, value)| value.as_str()) {
            None => Ok(Self::default()),
            Some("fold") => Ok(Self::Fold),
            Some("preserve") => Ok(Self::Preserve),
            Some("snake") => Ok(Self::Snake),
            Some(_) => Err(Error::new(ErrorKind::OptionValue, "invalid value for option \"column_case\"")
                .detail("It must be one of fold, preserve, snake.")),
        }
    }

    /// The column's name for an API's name.
    pub fn apply(self, name: &str) -> String {
        match self {
            Self::Preserve => name.to_owned(),
            Self::Fold => name.to_lowercase(),
            Self::Snake => snake(name),
        }
    }
}

/// Separates words by underscores. A run of capitals is one word: `eventID` → `event_id`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut before_is_upper = true;
    for c in name.chars() {
        if c.is_uppercase() && !before_is_upper {
            snake.push('_');
        }
        before_is_upper = c.is_uppercase() || c == '_';
        snake.extend(c.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(options: &[(&str, &str)]) -> Result<ColumnCase> {
        let options: Vec<_> = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ColumnCase::of_options(&options)
    }

    #[test]
    fn names_are_folded_unless_an_option_says_otherwise() {
        assert_eq!(case(&[]).unwrap().apply("createdDate"), "createddate");
        assert_eq!(case(&[("column_case", "fold")]).unwrap().apply("createdDate"), "createddate");
        assert_eq!(case(&[("column_case", "preserve")]).unwrap().apply("createdDate"), "createdDate");
        assert_eq!(case(&[("column_case", "snake")]).unwrap().apply("createdDate"), "created_date");
    }

    #[test]
    fn another_option_or_value_is_an_error() {
        assert_eq!(case(&[("table_case", "fold")]).unwrap_err().kind(), ErrorKind::OptionName);
        assert_eq!(case(&[("column_case", "fold"), ("other", "1")]).unwrap_err().kind(), ErrorKind::OptionName);
        assert_eq!(case(&[("column_case", "upper")]).unwrap_err().kind(), ErrorKind::OptionValue);
    }

    #[test]
    fn a_run_of_capitals_is_one_word() {
        let pairs =
            [("eventID", "event_id"), ("ID", "id"), ("event_ID", "event_id"), ("aB", "a_b"), ("HTTPStatus", "httpstatus"), ("", "")];
        for (name, expected) in pairs {
            assert_eq!(ColumnCase::Snake.apply(name), expected);
        }
    }
}
