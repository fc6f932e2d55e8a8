//! What people read of a shape.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::message::Message;

#[derive(Serialize, Deserialize, crate::Message)]
struct Item {
    id: u32,
    tags: Vec<String>,
}

#[derive(Serialize, Deserialize, crate::Message)]
struct Ticket(u16);

#[derive(Serialize, Deserialize, crate::Message)]
struct Nothing;

#[derive(Serialize, Deserialize, crate::Message)]
enum Deal {
    Swap { give: Item, take: Option<Ticket> },
    Gift(Item),
    Pair(u8, char),
    Nothing,
}

#[derive(Serialize, Deserialize, crate::Message)]
struct Wide {
    the_first_of_many_fields: BTreeMap<u8, Deal>,
    the_second_of_many_fields: [Ticket; 2],
    the_third: Duration,
}

fn shape<T: Message>() -> &'static crate::Shape {
    T::SHAPE
}

#[test]
fn a_shape_on_one_line_is_its_type() {
    assert_eq!(shape::<()>().to_string(), "()");
    assert_eq!(shape::<(i64,)>().to_string(), "(i64,)");
    assert_eq!(shape::<(bool, Option<Vec<Item>>)>().to_string(), "(bool, Option<Vec<Item>>)");
    assert_eq!(shape::<BTreeMap<String, [f32; 3]>>().to_string(), "Map<String, [f32; 3]>");
}

#[test]
fn a_definition_stands_on_one_line_where_it_fits() {
    assert_eq!(shape::<Item>().definition().to_string(), "struct Item { id: u32, tags: Vec<String> }");
    assert_eq!(shape::<Ticket>().definition().to_string(), "struct Ticket(u16)");
    assert_eq!(shape::<Nothing>().definition().to_string(), "struct Nothing");
    assert_eq!(
        shape::<Deal>().definition().to_string(),
        "enum Deal { Swap { give: Item, take: Option<Ticket> }, Gift(Item), Pair(u8, char), Nothing }"
            .replace("{ Swap", "{\n    Swap")
            .replace("}, Gift", "},\n    Gift")
            .replace(", Pair", ",\n    Pair")
            .replace(", Nothing }", ",\n    Nothing,\n}")
    );
    assert_eq!(
        shape::<Wide>().definition().to_string(),
        "struct Wide {\n    the_first_of_many_fields: Map<u8, Deal>,\n    the_second_of_many_fields: [Ticket; 2],\n    \
         the_third: Duration,\n}"
    );
}

#[test]
fn named_shapes_come_once_and_before_what_they_use() {
    let names: Vec<String> = shape::<(Wide, Item)>().named().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["Wide", "Deal", "Item", "Ticket", "Duration"]);
    assert!(shape::<Vec<u8>>().named().is_empty());
}

#[test]
fn an_example_is_json() {
    assert_eq!(shape::<(i64, f32, String)>().example().to_string(), r#"[0, 0.0, "text"]"#);
    assert_eq!(
        shape::<(Deal, Ticket, Nothing)>().example().to_string(),
        r#"[{"Swap": {"give": {"id": 0, "tags": ["text"]}, "take": null}}, 0, null]"#
    );
    assert_eq!(shape::<BTreeMap<u8, char>>().example().to_string(), r#"{"0": "a"}"#);
}

#[cfg(feature = "json")]
#[test]
fn an_example_is_a_value_of_its_shape() {
    use crate::codec::Codec;

    fn check<T: Message>() {
        let text = T::SHAPE.example().to_string();
        assert!(Codec::Json.decode::<T>(text.as_bytes()).is_ok(), "{text}");
    }
    check::<(Wide, Deal, Nothing)>();
    check::<BTreeMap<String, Vec<Item>>>();
    check::<(bytes::Bytes, u128, bool, Option<char>, [u8; 4])>();
}
