use super::*;
use crate::sources::built_in;

fn given(options: &[(&str, &str)]) -> Vec<(String, String)> {
    options.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect()
}

fn server(options: &[(&str, &str)]) -> Result<()> {
    let source = built_in("tixngo").unwrap().unwrap();
    let mut all = given(options);
    if !options.iter().any(|(n, _)| *n == "base_url") {
        all.extend(given(&[("base_url", "https://api.example/v4")]));
    }
    validate(Context::Server, &all, Some(&source), &["mobile_app_id".into()])
}

#[test]
fn every_option_has_a_place_a_sentence_and_its_own_name() {
    for (i, spec) in OPTIONS.iter().enumerate() {
        assert!(!spec.contexts.is_empty() && spec.doc.ends_with('.'), "{}", spec.name);
        assert!(!OPTIONS[..i].iter().any(|s| s.name == spec.name), "{} twice", spec.name);
        let secret = spec.kind == Kind::Secret;
        assert!(!secret || spec.contexts == [Context::Mapping], "a secret belongs to a user mapping: {}", spec.name);
    }
    assert!(OPTIONS.iter().all(|spec| spec.name.ends_with("_file") == reads_file(spec.name)));
}

#[test]
fn unknown_options_list_the_valid_ones_of_that_object() {
    let error = server(&[("pagesize", "5")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OptionName);
    let hint = error.get_hint().unwrap();
    assert!(hint.contains("page_size") && hint.contains("mobile_app_id") && !hint.contains("api_key"), "{hint}");
    let column = validate(Context::Column, &given(&[("x", "y")]), None, &[]).unwrap_err();
    assert_eq!(column.get_hint(), Some("Valid options here are: field, form, pushdown."));
}

#[test]
fn a_secret_outside_a_user_mapping_is_refused_and_not_repeated() {
    let error = server(&[("api_key", "s3cret")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OptionName);
    assert!(!format!("{error:?}").contains("s3cret"));
    assert!(error.get_hint().unwrap().contains("user mapping"));
    assert!(validate(Context::Mapping, &given(&[("api_key", "s3cret")]), None, &[]).is_ok());
    assert!(validate(Context::Mapping, &given(&[("api_key", "")]), None, &[]).is_err());
}

#[test]
fn values_are_checked_when_they_are_set() {
    for (name, good, bad) in [
        ("concurrency", "64", "0"),
        ("concurrency", "1", "1000"),
        ("page_size", "10000", "-1"),
        ("requests_per_second", "0.5", "0"),
        ("read_timeout", "400ms", "soon"),
        ("request_timeout", "2min", "0"),
        ("max_response_bytes", "64MB", "much"),
        ("max_response_bytes", "1000MB", "1GB"),
        ("allow_http", "on", "maybe"),
        ("on_invalid", "replace", "skip"),
        ("max_retries", "0", "1.5"),
        ("proxy", "socks5://proxy:1080", "proxy"),
    ] {
        assert_eq!(server(&[(name, good)]), Ok(()), "{name} = {good}");
        assert_eq!(server(&[(name, bad)]).unwrap_err().kind(), ErrorKind::OptionValue, "{name} = {bad}");
    }
}

#[test]
fn urls_must_be_absolute_and_without_secrets() {
    for bad in ["api.example", "ftp://api.example", "https://user:pw@api.example", "https://api.example/?key=k", "https://", "/v4"] {
        let error = server(&[("base_url", bad)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OptionValue, "{bad}");
        assert!(!format!("{error:?}").contains("pw"), "{error:?}");
    }
}

#[test]
fn secrets_do_not_cross_a_network_in_the_clear() {
    assert!(server(&[("base_url", "http://api.example")]).unwrap_err().get_hint().unwrap().contains("allow_http"));
    for fine in ["http://127.0.0.1:80", "http://localhost/x", "http://[::1]:8080", "https://api.example"] {
        assert_eq!(server(&[("base_url", fine)]), Ok(()), "{fine}");
    }
    assert_eq!(server(&[("base_url", "http://api.example"), ("allow_http", "true")]), Ok(()));
    assert!(server(&[("base_url", "http://localhost"), ("proxy", "http://proxy.example:3128")]).is_err(), "it leaves the machine");
    assert_eq!(server(&[("base_url", "http://localhost"), ("proxy", "http://127.0.0.1:3128")]), Ok(()));
}

#[test]
fn a_tables_options_go_before_its_servers_and_those_before_defaults() {
    let source = built_in("tixngo").unwrap().unwrap();
    let of_server = given(&[("base_url", "https://a.example"), ("page_size", "500"), ("concurrency", "2"), ("mobile_app_id", "one")]);
    let s = Settings::resolve(Some(&source), &of_server, &given(&[("page_size", "50"), ("mobile_app_id", "two")])).unwrap();
    assert_eq!((s.page_size, s.concurrency, s.max_retries), (Some(50), 2, 3));
    assert_eq!(s.parameters["mobile_app_id"], "two");
    assert_eq!(s.parameters["api_key_header"], "X-Api-Key");
    let missing = Settings::resolve(Some(&source), &[], &[]).unwrap_err();
    assert!(missing.message().contains("base_url"));
}

#[test]
fn a_secret_has_no_way_out_but_expose() {
    let secret = Secret::new("s3cret");
    assert_eq!(format!("{secret:?}"), "***");
    assert_eq!(secret.expose(), "s3cret");
}

#[test]
fn a_zone_is_told_to_an_api_as_an_offset_or_not_at_all() {
    let resolve = |source: &str, zone: &str| {
        let source = built_in(source).unwrap().unwrap();
        let options = [("base_url".to_owned(), "https://a.example".to_owned()), ("time_zone".to_owned(), zone.to_owned())];
        Settings::resolve(Some(&source), &options, &[])
    };
    let told = |zone: &str| {
        let settings = resolve("huawei", zone).unwrap();
        (settings.time_zone.unwrap(), settings.parameters["time_zone"].clone())
    };
    for (zone, offset, text) in [("GMT+8", 28_800, "+8"), ("+01:00", 3600, "+01:00"), ("Z", 0, "+0"), ("Asia/Shanghai", 28_800, "+8")] {
        assert_eq!(told(zone), (TimeZone::Offset(offset), text.to_owned()), "{zone}");
    }
    let refused = resolve("huawei", "Europe/Zurich").unwrap_err();
    assert_eq!(refused.message(), "invalid value for option \"time_zone\"");
    assert!(refused.get_hint().unwrap().contains("are changed"));
    let zone = resolve("viviot", "Europe/Zurich").unwrap();
    assert!(matches!(zone.time_zone, Some(TimeZone::Named(_))) && !zone.parameters.contains_key("time_zone"));
    for wrong in ["GMT+16", "Mars/Base", "CEST+1"] {
        assert!(resolve("viviot", wrong).unwrap_err().get_detail().unwrap().contains("Europe/Zurich"), "{wrong}");
    }
}
