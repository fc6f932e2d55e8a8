//! `Message` for the time crate's dates and times, which serde writes as tuples of numbers: year, day of the year,
//! hour, minute, second, nanosecond, and the offset's three.

use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use super::{Message, Shape};

macro_rules! tuples {
    ($($type:ty = ($($part:ident),*)),* $(,)?) => {
        $(impl Message for $type {
            const SHAPE: &'static Shape = &Shape::Tuple(&[$(&Shape::$part),*]);
        })*
    };
}

tuples! {
    Date = (I32, U16),
    Time = (U8, U8, U8, U32),
    PrimitiveDateTime = (I32, U16, U8, U8, U8, U32),
    OffsetDateTime = (I32, U16, U8, U8, U8, U32, I8, I8, I8),
    UtcOffset = (I8, I8, I8),
    Duration = (I64, I32),
}
