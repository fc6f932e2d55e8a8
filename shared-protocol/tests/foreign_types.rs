//! Types of other crates behind features, and stand-ins: what serde writes for a value is what its shape says.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use farcall_protocol::{Bounded, Message, Uid, check_shape};
use serde::{Deserialize, Serialize, Serializer};

#[derive(Serialize, Deserialize, Message)]
struct Everything {
    unit: (),
    bits: (bool, u8, u16, u32, u64, u128),
    signed: (i8, i16, i32, i64, i128),
    floats: [f32; 3],
    wide: f64,
    text: (char, String, Uid),
    bytes: bytes::Bytes,
    maybe: Option<Vec<Mode>>,
    map: BTreeMap<u8, BTreeSet<String>>,
    time: Duration,
    newtype: Id,
    pair: Pair,
    marker: Marker,
    bounded: Bounded<Vec<u8>, 4>,
}

#[derive(Serialize, Deserialize, Message, Clone, Copy)]
struct Id(u64);

#[derive(Serialize, Deserialize, Message)]
struct Pair(u8, Id);

#[derive(Serialize, Deserialize, Message)]
struct Marker;

#[derive(Serialize, Deserialize, Message)]
enum Mode {
    Solo,
    Duel(u64),
    Team(u8, bool),
    Named { size: u8 },
}

#[test]
fn what_a_derived_message_writes_is_its_shape() {
    let everything = Everything {
        unit: (),
        bits: (true, 1, 2, 3, 4, 5),
        signed: (-1, -2, -3, -4, -5),
        floats: [1.0, 2.0, 3.0],
        wide: 0.5,
        text: ('x', "owl".into(), Uid::from(7)),
        bytes: bytes::Bytes::from_static(b"raw"),
        maybe: Some(vec![Mode::Solo, Mode::Duel(1), Mode::Team(1, true), Mode::Named { size: 3 }]),
        map: BTreeMap::from([(1, BTreeSet::from(["a".into(), "b".into()]))]),
        time: Duration::from_millis(1_500),
        newtype: Id(9),
        pair: Pair(1, Id(2)),
        marker: Marker,
        bounded: vec![1, 2].try_into().unwrap(),
    };
    assert_eq!(check_shape(&everything), Ok(()));
}

/// Of another crate: serde knows it, Farcall does not.
#[derive(Serialize, Deserialize)]
struct Vec3(f32, f32, f32);

#[derive(Serialize, Deserialize, Message)]
struct Disc {
    #[message(as = [f32; 3])]
    at: Vec3,
    #[message(as = (f32, f32, f32))]
    to: Vec3,
}

#[derive(Serialize, Deserialize, Message)]
enum Event {
    Thrown {
        #[message(as = [f32; 2])]
        at: Vec3,
    },
}

#[derive(Serialize, Deserialize, Message)]
struct Replay {
    events: Vec<Event>,
}

#[test]
fn a_stand_in_that_fits_is_right_and_one_that_does_not_is_named_with_its_place() {
    let at = || Vec3(1.0, 2.0, 3.0);
    assert_eq!(check_shape(&Disc { at: at(), to: at() }), Ok(()));
    let wrong = check_shape(&Replay { events: vec![Event::Thrown { at: at() }] }).unwrap_err();
    let said = "`Replay.events.0.Thrown.at` is declared as `[f32; 2]`, and serde writes a tuple of 3: change its \
                type, or its `#[message(as = ..)]`";
    assert_eq!(wrong.to_string(), said);
}

/// Writes another order than it declares.
#[derive(Deserialize, Message)]
struct Swapped {
    a: u8,
    b: u8,
}

impl Serialize for Swapped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("Swapped", 2)?;
        fields.serialize_field("b", &self.b)?;
        fields.serialize_field("a", &self.a)?;
        fields.end()
    }
}

/// Reads less than it writes.
#[derive(Message)]
struct Forgets(Vec<u8>);

impl Serialize for Forgets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Forgets {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::<u8>::deserialize(from).map(|_| Self(Vec::new()))
    }
}

#[test]
fn a_serialize_written_by_hand_is_compared_too() {
    let wrong = check_shape(&Swapped { a: 1, b: 2 }).unwrap_err().to_string();
    assert!(
        wrong.starts_with("`Swapped` is declared as `Swapped`, and serde writes `b` as field 0"),
        "{wrong}"
    );
    let wrong = check_shape(&Forgets(vec![1])).unwrap_err().to_string();
    assert!(wrong.contains("cannot be read back") && wrong.contains("2 bytes became 1"), "{wrong}");
}

#[cfg(feature = "glam")]
#[test]
fn glams_types_are_plain_arrays() {
    use glam::{Affine3A, DVec3, IVec2, Mat4, Quat, Vec2, Vec3, Vec3A};
    assert_eq!(Vec3::SHAPE.hash(), <[f32; 3]>::SHAPE.hash(), "a peer without glam writes an array");
    assert_eq!(check_shape(&(Vec2::ONE, Vec3::ONE, Vec3A::ONE, Quat::IDENTITY)), Ok(()));
    assert_eq!(check_shape(&(DVec3::ONE, IVec2::ONE, Mat4::IDENTITY, Affine3A::IDENTITY)), Ok(()));
    let all = (glam::Affine2::IDENTITY, glam::Mat2::IDENTITY, glam::Mat3::IDENTITY, glam::Mat3A::IDENTITY);
    assert_eq!(check_shape(&all), Ok(()));
    let all =
        (glam::DAffine2::IDENTITY, glam::DAffine3::IDENTITY, glam::DMat3::IDENTITY, glam::DQuat::IDENTITY);
    assert_eq!(check_shape(&all), Ok(()));
    let all = (glam::UVec4::ONE, glam::I64Vec3::ONE, glam::U64Vec2::ONE, glam::DMat4::IDENTITY);
    assert_eq!(check_shape(&all), Ok(()));
}

#[cfg(feature = "uuid")]
#[test]
fn a_uuid_travels_and_names_a_player() {
    let uuid: uuid::Uuid = "67e55044-10b1-426f-9247-bb680e5fe0c8".parse().unwrap();
    assert_eq!(check_shape(&uuid), Ok(()));
    assert_eq!(Uid::from(uuid).as_str(), "67e55044-10b1-426f-9247-bb680e5fe0c8");
}

#[cfg(feature = "chrono")]
#[test]
fn chronos_types_are_texts() {
    use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
    let now: DateTime<Utc> = DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap();
    let there: DateTime<FixedOffset> = now.fixed_offset();
    let naive = now.naive_utc();
    assert_eq!(check_shape(&(now, there, naive, naive.date(), naive.time())), Ok(()));
    assert_eq!(check_shape(&TimeDelta::milliseconds(1_500)), Ok(()));
}

#[cfg(feature = "time")]
#[test]
fn the_time_crates_types_are_tuples() {
    use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};
    let now = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
    let local = PrimitiveDateTime::new(now.date(), now.time());
    assert_eq!(check_shape(&(now, local, now.date(), now.time(), UtcOffset::UTC)), Ok(()));
    assert_eq!(check_shape(&time::Duration::milliseconds(-1_500)), Ok(()));
}

#[cfg(feature = "smol_str")]
#[test]
fn a_smol_str_is_a_text() {
    assert_eq!(check_shape(&smol_str::SmolStr::new("owl")), Ok(()));
    assert_eq!(smol_str::SmolStr::SHAPE, String::SHAPE);
}
