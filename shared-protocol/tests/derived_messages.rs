//! What `#[derive(Message)]` says about types: every form of struct and enum, generics, secrets.
//! What it refuses stands in `tests/compile_fail`.

use farcall_protocol::{Field, Fields, Message, Shape, Variant};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Message)]
struct Named {
    r#type: u8,
    at: (f32, f32),
    #[message(secret)]
    token: Option<String>,
}

#[derive(Serialize, Deserialize, Message)]
struct Positional(u16, Named);

#[derive(Serialize, Deserialize, Message)]
struct Newtype(u64);

#[derive(Serialize, Deserialize, Message)]
struct Unit;

#[derive(Serialize, Deserialize, Message)]
enum Mode {
    Solo,
    Duel(u64),
    Teams { size: u8, names: Vec<String> },
}

#[derive(Serialize, Deserialize, Message)]
struct Page<T: Clone, const N: usize>
where
    T: PartialEq,
{
    items: Vec<T>,
    next: Option<[u8; 2]>,
}

#[derive(Serialize, Deserialize, Message)]
#[serde(bound(deserialize = "T: serde::de::DeserializeOwned"))]
struct Envelope<T> {
    #[serde(default, alias = "inside")]
    content: Option<T>,
}

/// Stands for a type of another crate: serde knows it, Farcall does not.
#[derive(Serialize, Deserialize)]
struct Vec3(f32, f32, f32);

#[derive(Serialize, Deserialize, Message)]
struct Disc {
    #[message(as = [f32; 3])]
    at: Vec3,
    #[message(as = (f32, f32, f32), secret)]
    to: Vec3,
}

#[test]
fn a_struct_is_its_fields() {
    let fields = Fields::Named(&[
        Field { name: "type", shape: &Shape::U8, secret: false },
        Field { name: "at", shape: &Shape::Tuple(&[&Shape::F32, &Shape::F32]), secret: false },
        Field { name: "token", shape: &Shape::Option(&Shape::Str), secret: true },
    ]);
    assert_eq!(Named::SHAPE, &Shape::Struct { name: "Named", fields });
    let positional = Fields::Positional(&[&Shape::U16, Named::SHAPE]);
    assert_eq!(Positional::SHAPE, &Shape::Struct { name: "Positional", fields: positional });
    assert_eq!(Unit::SHAPE, &Shape::Struct { name: "Unit", fields: Fields::Unit });
}

#[test]
fn a_newtype_hashes_as_what_it_wraps() {
    assert_eq!(Newtype::SHAPE.hash(), u64::SHAPE.hash());
}

#[test]
fn an_enum_is_its_variants() {
    const TEAMS: Fields = Fields::Named(&[
        Field { name: "size", shape: &Shape::U8, secret: false },
        Field { name: "names", shape: &Shape::Seq(&Shape::Str), secret: false },
    ]);
    const VARIANTS: &[Variant] = &[
        Variant { name: "Solo", fields: Fields::Unit },
        Variant { name: "Duel", fields: Fields::Positional(&[&Shape::U64]) },
        Variant { name: "Teams", fields: TEAMS },
    ];
    assert_eq!(Mode::SHAPE, &Shape::Enum { name: "Mode", variants: VARIANTS });
}

#[test]
fn a_generic_message_has_the_shape_of_what_it_is_of() {
    fn is_message<T: Message + DeserializeOwned>() -> &'static Shape {
        T::SHAPE
    }
    let of = |item: &'static Shape| format!("{:?}", Shape::Seq(item));
    assert!(format!("{:?}", is_message::<Page<u8, 3>>()).contains(&of(&Shape::U8)));
    assert_ne!(Page::<u8, 3>::SHAPE.hash(), Page::<u16, 3>::SHAPE.hash());
    assert!(format!("{:?}", is_message::<Envelope<Named>>()).contains("Named"));
}

#[test]
fn a_foreign_field_has_the_shape_it_is_given() {
    let fields = Fields::Named(&[
        Field { name: "at", shape: &Shape::Array(&Shape::F32, 3), secret: false },
        Field { name: "to", shape: &Shape::Tuple(&[&Shape::F32, &Shape::F32, &Shape::F32]), secret: true },
    ]);
    assert_eq!(Disc::SHAPE, &Shape::Struct { name: "Disc", fields });
}

#[test]
fn shapes_are_golden() {
    // A change here breaks every peer in the field.
    let hash = |shape: &Shape| format!("{:016x}", shape.hash());
    assert_eq!(hash(Named::SHAPE), "371d5b6bacc669c8");
    assert_eq!(hash(Positional::SHAPE), "5e817e3087ec10f5");
    assert_eq!(hash(Unit::SHAPE), "085eb707b510fab5");
    assert_eq!(hash(Mode::SHAPE), "7a9fc6cdbe0bb009");
}
