//! One dialogue over TCP, its connection, or the one by which its client comes back, ended after every so many bytes in
//! either direction by FIN, by RST or not at all: whatever was lost or halved on the way, both ends have seen the same as
//! without.

use std::time::Instant;

use futures_util::StreamExt;

use super::*;

/// Every how many bytes; `SOCKET_SWEEP_STEP=1` sweeps them all.
fn step(default: usize) -> usize {
    std::env::var("SOCKET_SWEEP_STEP").map_or(default, |step| step.parse().expect("a number"))
}

/// Dialogues at once. Each has up to ten descriptors, and a silent connection takes most of its time waiting.
const AT_ONCE: usize = 96;
/// Logins that may fail one after another: one for the fault, the others for a machine too busy to be in time.
const LOGINS_MAX: usize = 10;
/// A dialogue that takes longer hangs.
const DIALOGUE_MAX: Duration = Duration::from_secs(90);

/// Bytes of a return that are swept, each way: its login, what is written again, and a few rounds more.
const RETURN_BYTES: u64 = 1_024;

/// One fault, and where it strikes.
#[derive(Debug, Clone, Copy)]
struct Cut {
    which: Which,
    fault: Fault,
    towards: Towards,
    bytes: u64,
}

/// Which connection of a dialogue is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    First,
    /// The next, when the first has been reset half-way.
    Return,
}

/// What both ends have seen.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Seen {
    notes: Vec<u32>,
    told: Vec<u32>,
    answers: Vec<Result<u32, String>>,
}

/// Forty rounds of calls and messages both ways. In the middle something may happen.
async fn dialogue(server: &Server, proxy: &Proxy, uid: &str, half_way: impl Fn()) -> Seen {
    let (heard, mut logins) = (Notes::default(), 0);
    // A connection that is cut within its login is no session's; a player just tries again.
    let ann = loop {
        match Client::connect(guest(proxy, uid, &heard)).await {
            Ok(ann) => break ann,
            Err(error) => assert!(logins < LOGINS_MAX, "{error}"),
        }
        logins += 1;
    };
    let player = seen_by(server, uid).await;
    let mut answers = Vec::new();
    for number in 0..40 {
        if number == 20 {
            half_way();
        }
        ann.note(number);
        player.told(number);
        player.told(number + 100);
        let (asked, answered) = tokio::join!(player.asked(number), ann.ask(number + 100));
        answers
            .extend([asked.map_err(|error| error.to_string()), answered.map_err(|error| error.to_string())]);
    }
    let notes = ann.noted().await.unwrap_or_default();
    // Calls come after the messages that were sent before them, so nothing is waited for here.
    Seen { notes, told: heard.all(), answers }
}

impl Cut {
    /// What both ends see of the dialogue with this cut, and over how many connections. `None` if it was over before so
    /// many bytes had gone.
    async fn seen(self, server: Server) -> Option<(Result<Seen, String>, u64)> {
        let proxy = Proxy::to(server.local_addr()?).await.unwrap();
        let strikes_next = || proxy.fail_after(self.fault, self.towards, self.bytes);
        let half_way = || {
            if self.which == Which::Return {
                strikes_next();
                proxy.fail(Fault::Rst);
            }
        };
        if self.which == Which::First {
            strikes_next();
        }
        let uid = format!("{:?} {:?} {:?} {}", self.which, self.fault, self.towards, self.bytes);
        let dialogue = dialogue(&server, &proxy, &uid, half_way);
        let seen = tokio::time::timeout(DIALOGUE_MAX, dialogue).await;
        let seen = seen.map_err(|_| format!("{uid}: it hangs"));
        (proxy.failed() == self.which.faults()).then(|| (seen, proxy.connections()))
    }
}

impl Which {
    const fn faults(self) -> u64 {
        match self {
            Self::First => 1,
            Self::Return => 2,
        }
    }
}

async fn sweep(which: Which, fault: Fault, step: usize) {
    let (began, server) = (Instant::now(), server(pinging(ms(200), ms(800))).await);
    let proxy = Proxy::to(server.local_addr().unwrap()).await.unwrap();
    let uncut = dialogue(&server, &proxy, "uncut", || ()).await;
    assert_eq!((uncut.notes.len(), uncut.told.len(), uncut.answers.len()), (80, 80, 80));
    assert!(uncut.answers.iter().all(Result::is_ok), "{uncut:?}");
    for towards in [Towards::Server, Towards::Client] {
        // The end of the dialogue moves a little with what goes into one acknowledgement.
        let (length, least) = match which {
            Which::First => (proxy.carried(towards), 3_000),
            Which::Return => (RETURN_BYTES, RETURN_BYTES),
        };
        let dialogues = (0..length).step_by(step).map(|bytes| {
            let dialogue = tokio::spawn(Cut { which, fault, towards, bytes }.seen(server.clone()));
            async move { (bytes, dialogue.await.unwrap_or_else(|error| Some((Err(error.to_string()), 0)))) }
        });
        let mut ended = futures_util::stream::iter(dialogues).buffer_unordered(AT_ONCE);
        let (mut cuts, mut by_the_next, mut different) = (0, 0, Vec::new());
        while let Some((bytes, cut)) = ended.next().await {
            let Some((seen, connections)) = cut else { continue };
            cuts += 1;
            by_the_next += u64::from(connections == which.faults() + 1);
            if seen.as_ref() != Ok(&uncut) {
                different.push((bytes, seen));
            }
        }
        println!(
            "{which:?}, {fault:?} towards the {towards:?}: {cuts} cuts, mended by the next connection: {by_the_next}, {} differences, {:.1} s so far",
            different.len(),
            began.elapsed().as_secs_f64()
        );
        assert!(different.is_empty(), "not as without a cut: {different:#?}\nbut: {uncut:?}");
        assert!(cuts * step as u64 >= least, "the dialogue is too short: {cuts} cuts");
        // The rest is for a machine too busy to be in time.
        assert!(by_the_next * 10 >= cuts * 9, "only {by_the_next} of {cuts} mended by the next connection");
    }
    println!("{} sessions resumed", server.stats().resumed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fin_after_any_byte_changes_nothing() {
    sweep(Which::First, Fault::Fin, step(16)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_after_any_byte_changes_nothing() {
    sweep(Which::First, Fault::Rst, step(16)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_after_any_byte_changes_nothing() {
    sweep(Which::First, Fault::BlackHole, step(256)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fin_after_any_byte_of_a_return_changes_nothing() {
    sweep(Which::Return, Fault::Fin, step(8)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_after_any_byte_of_a_return_changes_nothing() {
    sweep(Which::Return, Fault::Rst, step(8)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_after_any_byte_of_a_return_changes_nothing() {
    sweep(Which::Return, Fault::BlackHole, step(64)).await;
}
