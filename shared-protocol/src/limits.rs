//! What one end grants the other, and what it allows itself. Numbers with their reasons; nothing enforces here.
//! The table with anchors in other systems is the reliability page's section 4 (L-numbers).

use std::time::Duration;

/// A session's limits, as this end sets them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Calls the peer may have in flight here: running and queued (L16). Announced at login; the peer waits.
    pub calls_in_flight_max: u32,
    /// Beyond `calls_in_flight_max`, room for calls made within our own calls (depth 1 and deeper), which wait
    /// for nobody. The sum is the number of slots.
    pub nested_calls_max: u32,
    /// Asynchronous handlers running at once for one session (L16). More calls queue.
    pub handlers_running_max: u32,
    /// The largest body in bytes the peer may send (L6); at most [`Limits::BODY_BYTES_MAX`].
    pub body_bytes_max: u32,
    /// Bytes kept for the peer: sent and not yet acknowledged, and unsent (L24). Each frame counts 64 more.
    pub log_bytes_max: usize,
    /// Distinct `latest` values waiting or unconfirmed, per session.
    pub latest_keys_max: usize,
    /// Their bytes.
    pub latest_bytes_max: usize,
    /// A call's deadline when it names none (L31).
    pub deadline_default: Duration,
    /// The longest deadline a call may ask for; what a peer asks beyond is cut to it (L31).
    pub deadline_max: Duration,
    /// Time from the first byte of a connection to the end of its login, whatever it waits for (L2). A client waits
    /// twice as long for the server's verdict.
    pub login_timeout: Duration,
    /// How often the server pings (L32).
    pub heartbeat: Duration,
    /// Silence after which the peer is taken for gone (L32).
    pub silence_max: Duration,
    /// Time without one byte accepted by the connection while there is something to write (L25).
    pub write_stall_max: Duration,
    /// Time without an acknowledgement while something is unacknowledged (L26).
    pub ack_silence_max: Duration,
    /// How long a session waits for a connection to come back (L27). Zero: it ends with its connection.
    pub resume_window: Duration,
    /// How often one session may come back at once (L28), and again in each 10 s, evenly; each time costs a replay. Over it, a client is told to try
    /// again later, and its session waits. The default leaves room for a train in a tunnel.
    pub resumes_max: u32,
    /// Messages waiting for a handler slot, or for the game's loop, before it is too much: the session is closed as
    /// overflowing; a client whose game does not poll leaves it instead, and comes back when half of them are gone.
    pub inbox_items_max: usize,
    /// Their bytes (L16).
    pub inbox_bytes_max: usize,
}

impl Limits {
    /// No body is larger than this, whatever is configured: 16 MiB. Larger data are streams.
    pub const BODY_BYTES_MAX: u32 = 16 << 20;
    /// The deepest chain of calls within calls.
    pub const DEPTH_MAX: u8 = 16;
    /// What each logged frame is charged beside its bytes, so that empty ones are not free (L22).
    pub const FRAME_OVERHEAD_BYTES: usize = 64;
    /// The largest frame before the login is through (L4).
    pub const LOGIN_FRAME_BYTES_MAX: usize = 4 << 10;
    /// All bytes before the login is through (L5).
    pub const LOGIN_BYTES_MAX: usize = 16 << 10;
    /// Fields of a frame around its body: ids and at most 1 KiB of metadata (L8).
    pub const FRAME_FIELDS_BYTES_MAX: usize = 2 << 10;
    /// Entries of a metadata map (L8).
    pub const METADATA_ENTRIES_MAX: usize = 16;
    /// Bytes of a metadata map (L8).
    pub const METADATA_BYTES_MAX: usize = 1 << 10;

    /// For services and load generators: nothing that refuses honest work by its amount.
    pub fn trusted() -> Self {
        Self {
            calls_in_flight_max: 16_384,
            nested_calls_max: 1_024,
            handlers_running_max: 16_384,
            log_bytes_max: 64 << 20,
            inbox_items_max: 65_536,
            inbox_bytes_max: 64 << 20,
            ..Self::default()
        }
    }

    /// The largest frame after login.
    pub(crate) const fn frame_bytes_max(&self) -> usize {
        self.body_bytes_max as usize + Self::FRAME_FIELDS_BYTES_MAX
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls_in_flight_max: 128,
            nested_calls_max: 64,
            handlers_running_max: 64,
            body_bytes_max: 64 << 10,
            log_bytes_max: 1 << 20,
            latest_keys_max: 256,
            latest_bytes_max: 256 << 10,
            deadline_default: Duration::from_secs(10),
            deadline_max: Duration::from_secs(120),
            login_timeout: Duration::from_secs(5),
            heartbeat: Duration::from_secs(10),
            silence_max: Duration::from_secs(20),
            write_stall_max: Duration::from_secs(10),
            ack_silence_max: Duration::from_secs(30),
            resume_window: Duration::from_secs(60),
            resumes_max: 20,
            inbox_items_max: 1_024,
            inbox_bytes_max: 512 << 10,
        }
    }
}

/// What a peer has announced that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    /// Calls of depth 0 in flight.
    pub calls_in_flight_max: u32,
    /// Slots in all: the ids it accepts are below.
    pub slots_max: u32,
    /// The largest body, in bytes.
    pub body_bytes_max: u32,
}

impl From<&Limits> for Announced {
    fn from(limits: &Limits) -> Self {
        Self {
            calls_in_flight_max: limits.calls_in_flight_max,
            slots_max: limits.calls_in_flight_max.saturating_add(limits.nested_calls_max),
            body_bytes_max: limits.body_bytes_max.min(Limits::BODY_BYTES_MAX),
        }
    }
}
