//! The tables of numbers.

use farcall_protocol::wire::{Kind, Status};
use farcall_protocol::{CloseCode, Retry};

pub fn kinds() -> String {
    let mut table = "| kind | name | rule |\n|---|---|---|\n".to_owned();
    for &kind in Kind::ALL {
        table += &format!("| {:02x} | {kind:?} | {} |\n", kind as u8, rule(kind));
    }
    table
}

const fn rule(kind: Kind) -> &'static str {
    match kind {
        Kind::Hello => "P-10",
        Kind::HelloReply => "P-14",
        Kind::Auth => "P-15",
        Kind::Welcome => "P-17",
        Kind::Refused => "P-18",
        Kind::Call => "P-30, logged",
        Kind::Result => "P-33, logged",
        Kind::Notify => "P-35, logged",
        Kind::Cancel => "P-34, logged",
        Kind::Void => "P-36, logged",
        Kind::Ack => "P-41",
        Kind::Ping => "P-50",
        Kind::Pong => "P-51",
        Kind::Latest => "P-37",
        Kind::Droppable => "P-38",
        Kind::Close => "P-70",
        Kind::StreamOpen | Kind::StreamItem | Kind::StreamEnd | Kind::StreamReset => {
            "reserved (streams), logged"
        }
        Kind::Credit => "reserved (streams)",
        Kind::GoAway => "reserved (drain)",
        Kind::Reauth => "reserved (fresh credentials)",
        Kind::Resume => "P-61",
        Kind::Resumed => "P-63",
        Kind::TokenOk => "P-65",
        Kind::ResumeFailed => "P-64",
    }
}

pub fn statuses() -> String {
    let mut table = "| status | name | |\n|---|---|---|\n".to_owned();
    for &status in Status::ALL {
        let number = status as u8;
        let group = match number {
            0 => "the value",
            1 => "the handler's own error",
            2..32 => "did not start",
            32..48 => "started, gave no answer",
            _ => "stopped",
        };
        table += &format!("| {number} | {status:?} | {group} |\n");
    }
    table
}

pub fn close_codes() -> String {
    let mut table = "| code | name | meaning | retry |\n|---|---|---|---|\n".to_owned();
    for &code in CloseCode::ALL {
        let retry = match code.retry() {
            Retry::Now => "at once",
            Retry::Backoff => "after a pause",
            Retry::Never => "no",
        };
        table += &format!("| {} | {} | {} | {retry} |\n", code.number(), code.name(), code.meaning());
    }
    table
}
