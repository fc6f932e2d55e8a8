//! `Message` for UUIDs: 16 bytes in binary codecs, the hyphenated text in JSON. As a player's name: `Uid::from`.

use uuid::Uuid;

use super::{Fields, Message, Shape};

impl Message for Uuid {
    const SHAPE: &'static Shape =
        &Shape::Struct { name: "Uuid", fields: Fields::Positional(&[&Shape::Bytes]) };
}
