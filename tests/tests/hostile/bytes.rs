//! Frames written by hand, byte for byte as PROTOCOL.md says and with nothing of the engine: what it reads must not
//! be judged by what it writes.

use farcall_protocol::{RouteDescriptor, Signature};

pub const HELLO: u8 = 0x01;
pub const HELLO_REPLY: u8 = 0x02;
pub const AUTH: u8 = 0x03;
pub const WELCOME: u8 = 0x04;
pub const REFUSED: u8 = 0x05;
pub const CALL: u8 = 0x10;
pub const RESULT: u8 = 0x11;
pub const NOTIFY: u8 = 0x12;
pub const CANCEL: u8 = 0x13;
pub const VOID: u8 = 0x14;
pub const ACK: u8 = 0x20;
pub const PING: u8 = 0x21;
pub const PONG: u8 = 0x22;
pub const LATEST: u8 = 0x23;
pub const CLOSE: u8 = 0x2f;

/// A frame.
pub fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let len = payload.len() as u32 + 2;
    [&len.to_le_bytes()[..], &[kind, flags], payload].concat()
}

/// A client's first frame; change what is to be wrong.
pub struct Hello {
    pub magic: &'static [u8],
    pub versions: [u16; 2],
    pub required: u64,
    pub codecs: &'static [u8],
    /// Calls, slots, body bytes.
    pub takes: [u32; 3],
}

impl Default for Hello {
    fn default() -> Self {
        Self { magic: b"FARCALL", versions: [1, 1], required: 0, codecs: &[1], takes: [128, 192, 65_536] }
    }
}

impl Hello {
    pub fn payload(&self) -> Vec<u8> {
        let mut out = self.magic.to_vec();
        out.extend(self.versions.iter().flat_map(|version| version.to_le_bytes()));
        out.extend(0_u64.to_le_bytes());
        out.extend(self.required.to_le_bytes());
        out.extend([7; 16]);
        out.push(self.codecs.len() as u8);
        out.extend(self.codecs);
        out.extend(self.takes.iter().flat_map(|number| number.to_le_bytes()));
        out
    }

    pub fn bytes(&self) -> Vec<u8> {
        frame(HELLO, 0, &self.payload())
    }
}

pub const ANONYMOUS: u8 = 0;
pub const SHARED_KEY: u8 = 1;
pub const BEARER: u8 = 2;

/// A client's credentials.
pub fn auth(method: u8, uid: &[u8], credential: &[u8]) -> Vec<u8> {
    let mut out = vec![method, uid.len() as u8];
    out.extend(uid);
    out.extend(3_u32.to_le_bytes());
    out.push(0);
    out.extend((credential.len() as u16).to_le_bytes());
    out.extend(credential);
    frame(AUTH, 0, &out)
}

/// A whole login without credentials.
pub fn login(uid: &str) -> Vec<u8> {
    [Hello::default().bytes(), auth(ANONYMOUS, uid.as_bytes(), b"")].concat()
}

/// A server's choice.
pub fn hello_reply(version: u16, features: u64, codec: u8) -> Vec<u8> {
    let mut out = version.to_le_bytes().to_vec();
    out.extend(features.to_le_bytes());
    out.extend(1_u64.to_le_bytes());
    out.extend([9; 16]);
    out.push(codec);
    frame(HELLO_REPLY, 0, &out)
}

/// A server's verdict; change what is to be wrong.
pub struct Welcome {
    pub uid: &'static [u8],
    pub heartbeat_ms: u32,
    pub silence_ms: u32,
    pub takes: [u32; 3],
    pub time_us: u64,
}

impl Default for Welcome {
    fn default() -> Self {
        let takes = [128, 192, 65_536];
        Self { uid: b"ann", heartbeat_ms: 10_000, silence_ms: 20_000, takes, time_us: 5 }
    }
}

impl Welcome {
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = vec![8; 16];
        out.push(self.uid.len() as u8);
        out.extend(self.uid);
        out.push(0);
        for ms in [0, self.heartbeat_ms, self.silence_ms] {
            out.extend(ms.to_le_bytes());
        }
        out.extend(self.takes.iter().flat_map(|number| number.to_le_bytes()));
        out.extend(self.time_us.to_le_bytes());
        out.push(0);
        frame(WELCOME, 0, &out)
    }
}

/// A slot and its generation.
pub fn id(slot: u32, generation: u32) -> [u8; 8] {
    (u64::from(generation) << 32 | u64::from(slot)).to_le_bytes()
}

/// A call of slot `slot` in its first generation, with ten seconds to live.
pub fn call(slot: u32, route: &RouteDescriptor, body: &[u8]) -> Vec<u8> {
    call_as(id(slot, 1), route, route.signature, 10_000, body)
}

pub fn call_as(
    id: [u8; 8],
    route: &RouteDescriptor,
    signature: Signature,
    remaining_ms: u32,
    body: &[u8],
) -> Vec<u8> {
    let (route, signature) = (route.id.0.to_le_bytes(), signature.0.to_le_bytes());
    let head = [&id[..], &route, &signature, &remaining_ms.to_le_bytes()].concat();
    frame(CALL, 0, &[&head, body].concat())
}

pub fn notify(route: &RouteDescriptor, body: &[u8]) -> Vec<u8> {
    frame(NOTIFY, 0, &[&target(route), body].concat())
}

pub fn latest(number: u64, route: &RouteDescriptor, body: &[u8]) -> Vec<u8> {
    frame(LATEST, 0, &[&number.to_le_bytes()[..], &target(route), body].concat())
}

fn target(route: &RouteDescriptor) -> Vec<u8> {
    [route.id.0.to_le_bytes(), route.signature.0.to_le_bytes()].concat()
}

pub fn result(id: [u8; 8], status: u8, rest: &[u8]) -> Vec<u8> {
    frame(RESULT, 0, &[&id[..], &[status], rest].concat())
}

pub fn ack(position: u64, latest: u64) -> Vec<u8> {
    frame(ACK, 0, &[position.to_le_bytes(), latest.to_le_bytes()].concat())
}

pub fn ping(time_us: u64, rtt_us: u32) -> Vec<u8> {
    frame(PING, 0, &[&time_us.to_le_bytes()[..], &rtt_us.to_le_bytes()].concat())
}

pub fn pong(echo_us: u64, time_us: u64) -> Vec<u8> {
    frame(PONG, 0, &[echo_us.to_le_bytes(), time_us.to_le_bytes()].concat())
}
