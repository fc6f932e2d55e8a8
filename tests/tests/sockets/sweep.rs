//! One dialogue over TCP, its connection ended after every so many bytes in either direction by FIN, by RST or not at
//! all: whatever was lost or halved on the way, both ends have seen the same as without.

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

/// What both ends have seen.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Seen {
    notes: Vec<u32>,
    told: Vec<u32>,
    answers: Vec<Result<u32, String>>,
}

/// Forty rounds of calls and messages both ways.
async fn dialogue(server: &Server, proxy: &Proxy, uid: &str) -> Seen {
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

/// The dialogue with this fault on its first connection. `None` if it was over before so many bytes had gone.
async fn cut(server: Server, fault: Fault, towards: Towards, bytes: u64) -> Option<Result<Seen, String>> {
    let proxy = Proxy::to(server.local_addr()?).await.unwrap();
    proxy.fail_after(fault, towards, bytes);
    let uid = format!("{fault:?} {towards:?} {bytes}");
    let hangs = |_| format!("{uid}: it hangs");
    let seen = tokio::time::timeout(DIALOGUE_MAX, dialogue(&server, &proxy, &uid)).await.map_err(hangs);
    (proxy.failed() == 1).then_some(seen)
}

async fn sweep(fault: Fault, step: usize) {
    let (began, server) = (Instant::now(), server(pinging(ms(200), ms(800))).await);
    let proxy = Proxy::to(server.local_addr().unwrap()).await.unwrap();
    let uncut = dialogue(&server, &proxy, "uncut").await;
    assert_eq!((uncut.notes.len(), uncut.told.len(), uncut.answers.len()), (80, 80, 80));
    assert!(uncut.answers.iter().all(Result::is_ok), "{uncut:?}");
    for towards in [Towards::Server, Towards::Client] {
        let length = proxy.carried(towards);
        let dialogues = (0..length).step_by(step).map(|bytes| {
            let dialogue = tokio::spawn(cut(server.clone(), fault, towards, bytes));
            async move { (bytes, dialogue.await.unwrap_or_else(|error| Some(Err(error.to_string())))) }
        });
        let mut ended = futures_util::stream::iter(dialogues).buffer_unordered(AT_ONCE);
        let (mut cuts, mut different) = (0, Vec::new());
        while let Some((bytes, seen)) = ended.next().await {
            cuts += usize::from(seen.is_some());
            if let Some(seen) = seen.filter(|seen| seen.as_ref() != Ok(&uncut)) {
                different.push((bytes, seen));
            }
        }
        let (seconds, differences) = (began.elapsed().as_secs_f64(), different.len());
        println!(
            "{fault:?} towards the {towards:?}: {cuts} cuts, {differences} differences, {seconds:.1} s so far"
        );
        assert!(different.is_empty(), "not as without a cut: {different:#?}\nbut: {uncut:?}");
        // The end of the dialogue moves a little with what goes into one acknowledgement.
        assert!(cuts * step > 3_000, "the dialogue is too short: {cuts} cuts");
    }
    println!("{} sessions resumed", server.stats().resumed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fin_after_any_byte_changes_nothing() {
    sweep(Fault::Fin, step(16)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_after_any_byte_changes_nothing() {
    sweep(Fault::Rst, step(16)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_after_any_byte_changes_nothing() {
    sweep(Fault::BlackHole, step(256)).await;
}
