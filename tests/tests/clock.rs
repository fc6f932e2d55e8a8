//! The server's clock as a client estimates it, on virtual time and with nothing but the pure core: two sessions, a
//! network that is slower one way than the other, and clocks that do not run equally fast.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use farcall_protocol::codec::Codec;
use farcall_protocol::handshake::Established;
use farcall_protocol::session::{Batch, Event, Session};
use farcall_protocol::wire::Split;
use farcall_protocol::{Announced, Limits, SessionId, Side, Uid};
use farcall_server::{Admission, Arrival};
use farcall_tests::TestServer;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// How long bytes are on their way.
#[derive(Debug, Clone, Copy)]
struct Delays {
    up: Duration,
    down: Duration,
}

/// One end, and what is on its way to it.
struct End {
    session: Session<()>,
    coming: VecDeque<(Instant, Vec<u8>)>,
    unread: Vec<u8>,
}

/// A client, its server, and the true time.
struct World {
    start: Instant,
    passed: Duration,
    delays: Delays,
    /// By how many millionths the server's clock runs faster than the client's.
    drift_ppm: i64,
    server: End,
    client: End,
    last: Duration,
}

/// What the estimate was worth over some time.
#[derive(Debug, Clone, Copy, Default)]
struct Worth {
    /// The furthest it was from the truth.
    off: Duration,
    /// The furthest beyond the error that it stated.
    beyond: Duration,
    /// The largest error stated.
    error: Duration,
}

impl End {
    fn new(side: Side, round_trip: Duration, now: Instant) -> Self {
        let limits = Limits::default();
        let established = Established {
            session: SessionId([0; 16]),
            uid: Uid::from(7),
            codec: Codec::Bincode,
            peer: Announced::from(&limits),
            heartbeat: limits.heartbeat,
            silence_max: limits.silence_max,
            server_time_us: 1_000_000,
            epoch: 1,
            resume_window: Duration::ZERO,
            resume_token: None,
        };
        let session = Session::new(side, &established, limits, round_trip, 1.0, now);
        Self { session, coming: VecDeque::new(), unread: Vec::new() }
    }

    /// Reads what has arrived, lets happen what is due, gives what is to be written.
    fn turn(&mut self, truth: Instant, own: Instant) -> Vec<u8> {
        let mut events: Vec<Event<'static, ()>> = Vec::new();
        while self.coming.front().is_some_and(|(at, _)| *at <= truth) {
            let (_, bytes) = self.coming.pop_front().expect("just seen");
            self.unread.extend(bytes);
            let mut at = 0;
            while let Ok(Split::Frame(raw)) = self.session.split(&self.unread[at..]) {
                at += raw.wire_bytes;
                self.session.receive(raw, own, &mut Vec::new()).expect("an honest peer");
            }
            self.unread.drain(..at);
            self.session.heard(None, own);
        }
        self.session.handle_timeout(own, &mut events).expect("nobody is lost");
        let mut batch = Batch::new();
        self.session.take_output(own, &mut batch);
        batch.concat()
    }
}

impl World {
    /// A login over this network.
    fn new(delays: Delays, drift_ppm: i64) -> Self {
        let start = Instant::now();
        let server = End::new(Side::Server, Duration::ZERO, start);
        // The welcome was written at the start, and has just arrived.
        let client = End::new(Side::Client, delays.up + delays.down, start + delays.down);
        let last = Duration::ZERO;
        Self { start, passed: delays.down, delays, drift_ppm, server, client, last }
    }

    fn truth(&self) -> Instant {
        self.start + self.passed
    }

    /// What the server takes the time for.
    fn servers_now(&self) -> Instant {
        let ppm = u128::try_from(1_000_000 + self.drift_ppm).expect("a clock that runs forward");
        self.start + Duration::from_nanos((self.passed.as_nanos() * ppm / 1_000_000) as u64)
    }

    /// Lets time pass, looking at both clocks at every step.
    fn pass(&mut self, time: Duration) -> Worth {
        let mut worth = Worth::default();
        let until = self.passed + time;
        while self.passed < until {
            self.passed += STEP;
            let (truth, own) = (self.truth(), self.servers_now());
            let down = self.server.turn(truth, own);
            let up = self.client.turn(truth, truth);
            for (bytes, to, delay) in
                [(down, &mut self.client, self.delays.down), (up, &mut self.server, self.delays.up)]
            {
                if !bytes.is_empty() {
                    to.coming.push_back((truth + delay, bytes));
                }
            }
            let estimate = self.client.session.server_clock();
            let (seen, error) = (estimate.now(truth), estimate.error(truth));
            assert!(seen >= self.last, "it ran backwards: {seen:?} after {:?}", self.last);
            self.last = seen;
            let off = seen.abs_diff(self.server.session.server_clock().now(own));
            worth.off = worth.off.max(off);
            worth.beyond = worth.beyond.max(off.saturating_sub(error));
            worth.error = worth.error.max(error);
        }
        worth
    }
}

/// How finely time passes; delays are multiples of it.
const STEP: Duration = ms(5);
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_way_that_is_slower_than_the_way_back_costs_half_the_difference_and_is_within_the_error() {
    for (up, down) in [(20, 20), (5, 95), (95, 5), (5, 400), (0, 60)] {
        let mut world = World::new(Delays { up: ms(up), down: ms(down) }, 0);
        let worth = world.pass(5 * MINUTE);
        assert!(worth.beyond <= ms(2), "{up} up, {down} down: {worth:?}");
        assert!(worth.off <= ms(up.abs_diff(down) / 2 + 2), "{up} up, {down} down: {worth:?}");
        assert!(worth.error <= ms((up + down) / 2 + 5), "{up} up, {down} down: {worth:?}");
    }
}

#[test]
fn a_clock_that_drifts_is_followed() {
    for drift_ppm in [-500, -100, 100, 500] {
        for (up, down) in [(20, 20), (10, 50)] {
            let mut world = World::new(Delays { up: ms(up), down: ms(down) }, drift_ppm);
            // Left alone it would be 0.3 s off by then.
            let worth = world.pass(10 * MINUTE);
            // Between two pings, ten seconds apart, 500 millionths are 5 ms.
            assert!(worth.off <= ms(up.abs_diff(down) / 2 + 7), "{drift_ppm} ppm: {worth:?}");
            assert!(worth.beyond <= ms(7), "{drift_ppm} ppm: {worth:?}");
        }
    }
}

#[test]
fn a_route_that_becomes_slow_moves_it_little_and_not_for_long() {
    let quick = Delays { up: ms(10), down: ms(10) };
    let mut world = World::new(quick, 100);
    world.pass(MINUTE);
    for delays in [Delays { up: ms(250), down: ms(250) }, quick, Delays { up: ms(10), down: ms(300) }, quick]
    {
        world.delays = delays;
        let unsettled = world.pass(MINUTE);
        assert!(unsettled.off <= ms(150), "{delays:?}: {unsettled:?}");
        let settled = world.pass(MINUTE);
        assert!(settled.beyond <= ms(3), "{delays:?}: {settled:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_admission_is_not_taken_for_a_slow_network() {
    let admission = Admission::new(|arrival: Arrival| async move {
        tokio::time::sleep(ms(2_000)).await;
        Ok(arrival.uid)
    });
    let game = TestServer::new(vec![]).admission(admission);
    let ann = game.player("ann").await;
    let player = game.server().await.player("ann").expect("she is here");
    let (seen, error) = ann.session().server_now();
    let off = seen.abs_diff(player.session().server_now().0);
    assert!(off <= ms(1) && error <= ms(2), "{off:?} +- {error:?}");
}
