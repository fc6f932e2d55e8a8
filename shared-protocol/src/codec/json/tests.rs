//! JSON as it stands on the wire (P-24), and what is not it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Mode {
    Duel,
    Team { size: u8 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Ticket(u64);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    from: String,
    shout: Option<bool>,
}

fn text<T: Serialize>(value: &T) -> String {
    let mut bytes = Vec::new();
    encode(value, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn bytes_are_golden() {
    assert_eq!(text(&(2_i64, -3_i64)), "[2,-3]");
    assert_eq!(text(&()), "null");
    assert_eq!(text(&(Mode::Duel, Mode::Team { size: 3 })), r#"["Duel",{"Team":{"size":3}}]"#);
    assert_eq!(text(&(Ticket(7), 1.5_f32, 'é', "hé\n")), r#"[7,1.5,"é","hé\n"]"#);
    assert_eq!(
        text(&(u64::MAX, i128::MIN)),
        "[18446744073709551615,-170141183460469231731687303715884105728]"
    );
    assert_eq!(text(&BTreeMap::from([(1_u8, "a")])), r#"{"1":"a"}"#);
    assert_eq!(text(&Line { from: "ann".into(), shout: None }), r#"{"from":"ann","shout":null}"#);
}

#[test]
fn no_arguments_are_null_or_an_empty_array() {
    for none in ["null", "[]", " [ ] ", "\t[\n]"] {
        assert!(decode::<()>(none.as_bytes()).is_ok(), "{none}");
    }
    for other in ["", "[", "]", "[1]", "[[]]", "{}", "0", "[,]"] {
        assert!(decode::<()>(other.as_bytes()).is_err(), "{other}");
    }
    // A list stays a list.
    assert_eq!(decode::<Vec<u8>>(b"[]").unwrap(), Vec::<u8>::new());
    assert!(decode::<(u8,)>(b"[]").is_err());
}

#[test]
fn types_may_grow_by_optional_fields_both_ways() {
    let line = Line { from: "ann".into(), shout: None };
    assert_eq!(decode::<Line>(br#"{"from":"ann"}"#).unwrap(), line);
    assert_eq!(decode::<Line>(br#"{"from":"ann","new":{"deep":[1]},"shout":null}"#).unwrap(), line);
    assert!(decode::<Line>(br#"{"shout":true}"#).is_err(), "what is required stays so");
}

#[test]
fn hostile_text_is_refused() {
    let deep_list = "[".repeat(100_000);
    let deep_skipped = format!(r#"{{"from":"a","x":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    let long_number = "9".repeat(60_000);
    for text in
        ["", " ", "{", "[1,", "[1]x", "[1] [2]", "nul", "\u{feff}[1]", "[01]", "[1e999]", "[\"\\ud800\"]"]
    {
        assert!(decode::<(i64,)>(text.as_bytes()).is_err(), "{text}");
        assert!(decode::<(String,)>(text.as_bytes()).is_err(), "{text}");
    }
    assert!(decode::<Vec<u8>>(deep_list.as_bytes()).is_err());
    assert!(decode::<Line>(deep_skipped.as_bytes()).is_ok(), "skipped without recursion");
    assert!(decode::<u64>(long_number.as_bytes()).is_err());
    assert!(decode::<u8>(b"256").is_err() && decode::<u8>(b"-1").is_err() && decode::<u8>(b"1.0").is_err());
    assert!(decode::<String>(b"\"\xff\"").is_err(), "not UTF-8");
    assert!(decode::<String>(b"\"\x01\"").is_err(), "a raw control character");
    assert!(decode::<Line>(br#"{"from":"a","from":"b"}"#).is_err(), "the same field twice");
    assert!(decode::<Mode>(br#"{"Duel":null,"Team":{"size":1}}"#).is_err(), "two variants at once");
}

#[test]
fn what_json_cannot_say_is_told() {
    let odd = BTreeMap::from([((1_u8, 2_u8), 3_u8)]);
    assert!(matches!(encode(&odd, &mut Vec::new()), Err(CodecError::Unencodable(_))));
}
