use super::*;

const MINIMAL: &str = r#"{"name":"x","tables":[{"name":"t","path":"/p","records":"/r",
    "pagination":{"style":"cursor","token":{"name":"k"},"next":"/n","size":{"name":"l","max":10}},
    "columns":[{"name":"id"}]}]}"#;

fn faults(text: &str) -> Vec<String> {
    let error = Source::read(text).unwrap_err();
    error.get_detail().unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn every_built_in_description_is_without_fault() {
    for name in built_in_names() {
        let source = built_in(name).unwrap().unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(source.name, name, "the file's name is the source's");
    }
}

#[test]
fn tixngo_has_every_field_and_every_parameter_of_the_reference_page() {
    let source = built_in("tixngo").unwrap().unwrap();
    let table = source.table("ticket_status_logs").unwrap();
    let columns: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        columns,
        [
            "ticketId",
            "ticketStatusLogId",
            "actor",
            "actionName",
            "fromStatus",
            "toStatus",
            "fromOwnerId",
            "toOwnerId",
            "spectatorId",
            "transferMessage",
            "transferGroup",
            "transferLang",
            "controlledDate",
            "deletionReason",
            "activationDetails",
            "ticketTransferDirection",
            "checked",
            "keptByOwner",
            "eventId",
            "contingentId",
            "mobileDateTime",
            "devices",
            "transferDirection",
            "createdDate",
            "updatedDate",
            "mobileAppId"
        ]
    );
    let range = table.time_range.as_ref().unwrap();
    let mut parameters = vec![range.from.name.as_str(), range.to.name.as_str(), table.pagination.size.place.name.as_str()];
    let PagingStyle::Cursor { token, .. } = &table.pagination.style else { panic!("TIXNGO pages by cursor") };
    parameters.push(&token.name);
    parameters.extend(table.columns.iter().filter_map(|c| Some(c.filter.as_ref()?.place.name.as_str())));
    parameters.sort_unstable();
    assert_eq!(
        parameters,
        [
            "actionNames",
            "actor",
            "from",
            "fromOwnerId",
            "fromStatuses",
            "limit",
            "mobileAppId",
            "paginationKey",
            "to",
            "toOwnerId",
            "toStatuses"
        ]
    );
    assert_eq!(table.pagination.size.max, 10_000);
    assert_eq!(table.columns[range.column].name, "createdDate");
}

#[test]
fn names_match_without_case_and_underscores() {
    let source = built_in("tixngo").unwrap().unwrap();
    let table = source.table("ticket_status_logs").unwrap();
    let at = table.column("createdDate");
    assert!(at.is_some());
    for name in ["createddate", "created_date", "CREATED_DATE"] {
        assert_eq!(table.column(name), at);
    }
    assert_eq!(table.column("created"), None);
}

#[test]
fn a_minimal_description_suffices() {
    let source = Source::read(MINIMAL).unwrap();
    assert_eq!(source.tables[0].method, Method::Get);
    assert_eq!(source.tables[0].columns[0].sql_type, SqlType::Text);
}

#[test]
fn all_faults_are_listed_each_with_its_place() {
    let found = faults(
        r#"{"name":"Bad Name","colour":"red","tables":[
            {"name":"t","path":"p","pagination":{"style":"cursor","token":{"name":"k"},"next":"n","size":{"name":"l","max":0},"total":"t"},
             "time_range":{"column":"when","from":{"name":"f"},"unit":"soon"},
             "columns":[{"name":"a","type":"money"},{"name":"A"},{"name":"b","request":{"option":"nope"}}]}],
          "auth":[{"header":"X","value":"{key"},{"header":"X","value":"{password_of_my_cat}"}]}"#,
    );
    for expected in [
        "/name: must be lower-case",
        "/: \"colour\" is not a member here",
        "/tables/0/path: must begin with \"/\"",
        "/tables/0: \"records\" is required",
        "/tables/0/pagination/total: must be a JSON Pointer",
        "/tables/0/pagination/next: must be a JSON Pointer",
        "/tables/0/pagination/size: \"max\" is required",
        "/tables/0/time_range/column: \"when\" is not one of the table's columns",
        "/tables/0/time_range: \"to\" is required",
        "/tables/0/time_range/unit: must be a duration",
        "/tables/0/columns/0/type: must be one of",
        "/tables/0/columns/1/name: \"A\" is there twice",
        "/tables/0/columns/2: a request parameter needs a \"filter\"",
        "/tables/0/columns/2/request/option: \"nope\" is not one of the source's parameters",
        "/auth/0/value: has an unclosed brace",
        "/auth/1/value: \"{password_of_my_cat}\" is neither",
    ] {
        assert!(found.iter().any(|f| f.starts_with(expected)), "{expected} is not in {found:#?}");
    }
}

#[test]
fn descriptions_that_could_only_be_wrong_are_refused() {
    let with = |from: &str, to: &str| faults(&MINIMAL.replace(from, to)).join("; ");
    assert!(with(r#""next":"/n""#, r#""next":"/r/0/n""#).contains("must lie beside the records"));
    assert!(with(r#""next":"/n""#, r#""next":"""#).contains("must lie beside the records"));
    assert!(with(r#""path":"/p""#, r#""path":"/p/{id}""#).contains("needs a column that is a required request parameter"));
    assert!(with(r#""token":{"name":"k"}"#, r#""token":{"in":"body","name":"k"}"#).contains("a GET has no body"));
    assert!(with(r#"{"name":"id"}"#, r#"{"name":"id","filter":{"in":"path","name":"id"}}"#).contains("has no \"{id}\""));
    let part = with(r#""path":"/p""#, r#""path":"/p-{id}""#);
    assert!(part.contains("\"{id}\" must be a whole step of the path"), "{part}");
    let one_of_two = with(r#""path":"/p""#, r#""path":"/p-{id}/{id}""#);
    assert!(one_of_two.contains("\"{id}\" must be a whole step of the path"), "{one_of_two}");
    let counted = r#""style":"offset","token":{"name":"k"},"#;
    assert!(with(r#""style":"cursor","token":{"name":"k"},"next":"/n","#, counted).contains("something must prove the end"));
}

#[test]
fn what_would_be_ignored_is_refused() {
    let with = |from: &str, to: &str| faults(&MINIMAL.replace(from, to)).join("; ");
    let top = |members: &str| with(r#"{"name":"x","#, &format!(r#"{{"name":"x",{members},"#));
    assert_eq!(top(r#""parameters":[{"name":"p","default":1}]"#), "/parameters/0/default: must be a string");
    let option = r#"{"name":"id","filter":{"name":"id"},"request":{"option":1}}"#;
    assert_eq!(with(r#"{"name":"id"}"#, option), "/tables/0/columns/0/request/option: must be a string");
    let query = top(r#""headers":[{"header":"X","query":"q","value":"v"}]"#);
    assert_eq!(query, "/headers/0: \"query\" is not a member here; known are header, value");
    let name = top(r#""parameters":[{"name":"p"}],"headers":[{"header":"X-{p}","value":"v"}]"#);
    assert_eq!(name, "/headers/0/header: must name nothing in braces");
    assert_eq!(with(r#"{"name":"id"}"#, r#"{"name":""}"#), "/tables/0/columns/0/name: must not be empty");
    assert_eq!(with(r#"{"name":"k"}"#, r#"{"name":""}"#), "/tables/0/pagination/token/name: must not be empty");
    assert_eq!(top(r#""auth":[{"query":"","value":"v"}]"#), "/auth/0/query: must not be empty");
    assert_eq!(top(r#""logins":[{"form":{},"token_header":""}]"#), "/logins/0/token_header: must not be empty");
}

#[test]
fn an_editors_schema_is_not_read() {
    let with = |value: &str| MINIMAL.replacen('{', &format!(r#"{{"$schema":{value},"#), 1);
    assert!(Source::read(&with(r#""description.schema.json""#)).is_ok());
    assert_eq!(faults(&with("1")), ["/$schema: must be a string"]);
}

#[test]
fn text_that_is_no_json_says_where() {
    let error = Source::read("{\"name\": }").unwrap_err();
    assert_eq!(error.message(), "definition is not valid JSON");
    assert!(error.get_detail().unwrap().starts_with("At line 1, column 10"), "{error}");
    assert_eq!(faults("[]").first().map(String::as_str), Some("/: must be an object"));
}

#[test]
fn pointers_unescape_and_come_back() {
    let pointer = Pointer::parse("/a~1b/m~0n/").unwrap();
    assert_eq!(pointer.0, ["a/b", "m~n", ""]);
    assert_eq!(pointer.to_string(), "/a~1b/m~0n/");
    for wrong in ["a", "/a~", "/a~2b", "/~~0"] {
        assert_eq!(Pointer::parse(wrong), None, "{wrong}");
    }
    assert_eq!(Pointer::parse(""), Some(Pointer::default()));
}

#[test]
fn a_users_correction_moves_the_time_range() {
    let source = built_in("tixngo").unwrap().unwrap();
    let table = &source.tables[0];
    let corrected = |time_column: Option<&str>, time_unit| {
        table.corrected(&TableOverrides { time_column: time_column.map(str::to_owned), time_unit, ..TableOverrides::default() })
    };
    let changed = corrected(Some("updated_date"), Some(1_000_000)).unwrap();
    let range = changed.time_range.unwrap();
    assert_eq!((changed.columns[range.column].name.as_str(), range.unit), ("updatedDate", 1_000_000));
    assert!(corrected(Some("actor"), None).is_err(), "not a time");
    assert!(corrected(Some("nope"), None).is_err());
}

#[test]
fn two_values_in_one_place_are_refused_wherever_they_come_from() {
    let found = faults(
        r#"{"name":"x",
          "auth":[{"query":"key","value":"{api_key}"},{"header":"{h}","value":"{token}"}],
          "parameters":[{"name":"h","default":"X-Key"}], "headers":[{"header":"X-Tenant","value":"{h}"}],
          "tables":[{"name":"t","method":"POST","path":"/p/{id}","records":"/r",
            "pagination":{"style":"offset","token":{"name":"since"},"empty_page_ends":true,"size":{"in":"body","name":"b","max":10}},
            "time_range":{"column":"at","from":{"name":"since"},"to":{"name":"since"}},
            "columns":[{"name":"at","type":"timestamptz"},
              {"name":"id","request":{"required":true},"filter":{"in":"path","name":"id"}},
              {"name":"id2","request":{"required":true},"filter":{"in":"path","name":"id"}},
              {"name":"a","filter":{"name":"b"}},{"name":"b","filter":{"name":"B"}},{"name":"c","filter":{"in":"body","name":"b"}},
              {"name":"d","filter":{"in":"header","name":"X-D"}},{"name":"e","filter":{"in":"header","name":"x-d"}},
              {"name":"f","filter":{"in":"header","name":"x-tenant"}},{"name":"g","filter":{"name":"key"}}]}]}"#,
    );
    assert_eq!(
        found,
        [
            "/tables/0/columns/2/filter: \"id\" in the path is taken by the column \"id\" already",
            "/tables/0/columns/7/filter: \"x-d\" in the header is taken by the column \"d\" already",
            "/tables/0/time_range/to: \"since\" in the query is taken by \"time_range/from\" already",
            "/tables/0/pagination/token: \"since\" in the query is taken by \"time_range/from\" already",
            "/tables/0/pagination/size: \"b\" in the body is taken by the column \"c\" already",
            "/tables/0/columns/8/filter: \"x-tenant\" in the header is taken by \"headers\" already",
            "/tables/0/columns/9/filter: \"key\" in the query is taken by \"auth\" already",
        ]
    );
}

#[test]
fn a_path_with_a_query_and_a_request_parameter_of_jsonb_are_refused_with_what_works_instead() {
    let of_path = |path: &str| faults(&MINIMAL.replace("\"/p\"", &format!("\"{path}\"")));
    for path in ["/p?meta=filter_count", "/p#top", "/p?"] {
        let found = of_path(path);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("/tables/0/path: must have no \"?\"") && found[0].ends_with("parameter with a \"default\""),
            "{found:?}"
        );
    }
    assert_eq!(of_path("/a/../p"), ["/tables/0/path: must have no step \".\" or \"..\""]);
    let login = r#""logins":[{"path":"/t?grant=x","form":{},"token":"/t"}],"tables""#;
    assert!(faults(&MINIMAL.replace("\"tables\"", login))[0].starts_with("/logins/0/path: must have no \"?\""));
    let jsonb = r#"{"name":"body","type":"jsonb","request":{},"filter":{"name":"body"}}"#;
    let found = faults(&MINIMAL.replace(r#"{"name":"id"}"#, jsonb));
    assert_eq!(found, ["/tables/0/columns/0/type: a request parameter cannot be jsonb, which has no one text to ask for: declare it text"]);
}
