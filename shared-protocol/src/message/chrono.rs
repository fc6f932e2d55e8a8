//! `Message` for chrono's dates and times, which serde writes as text (RFC 3339) in every codec: about 30 bytes for
//! an instant. Where bytes matter send milliseconds as an `i64`.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::{Fields, Message, Shape};

macro_rules! texts {
    ($($type:ty = $name:literal),* $(,)?) => {
        $(impl Message for $type {
            // A struct of one part is that part on the wire; the name is for people.
            const SHAPE: &'static Shape =
                &Shape::Struct { name: $name, fields: Fields::Positional(&[&Shape::Str]) };
        })*
    };
}

texts! {
    DateTime<Utc> = "DateTime<Utc>",
    DateTime<FixedOffset> = "DateTime<FixedOffset>",
    NaiveDateTime = "NaiveDateTime",
    NaiveDate = "NaiveDate",
    NaiveTime = "NaiveTime",
}

impl Message for TimeDelta {
    /// Seconds and nanoseconds.
    const SHAPE: &'static Shape = &Shape::Tuple(&[&Shape::I64, &Shape::I32]);
}
