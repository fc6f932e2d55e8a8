//! One dialogue, cut after every so many bytes, in either direction: whatever was lost or halved on the way, both ends have
//! seen the same as without a cut.

use super::*;

/// Every how many bytes; 1 to sweep them all.
fn step() -> usize {
    std::env::var("SWEEP_STEP").map_or(37, |step| step.parse().expect("a number"))
}

/// What both ends have seen, and how many bytes went each way on a connection that was not cut.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    notes: Vec<u32>,
    told: Vec<u32>,
    answers: Vec<u32>,
}

async fn dialogue(cut_after: Option<(Towards, usize)>) -> (Seen, u64) {
    let (game, notes, network) = game().await;
    if let Some((towards, bytes)) = cut_after {
        network.cut_after(towards, bytes);
    }
    // A connection that is cut within its login is no session's; a player just tries again.
    let ann = loop {
        let config = ClientConfig::new("in memory", "ann").unwrap();
        match game.try_player_over(&network, config).await {
            Ok(ann) => break ann,
            Err(error) => assert!(network.connections() == 1, "{error}"),
        }
    };
    ann.answer(Player.asked, |number| number + 1_000);
    let mut heard = ann.hear(Player.told);
    let player = until_here(&game).await;
    let mut answers = Vec::new();
    for number in 0..40 {
        ann.note(number);
        player.told(number);
        player.told(number + 100);
        let (asked, slow) = tokio::join!(player.asked(number), ann.slow(number + 100, 0));
        answers.extend([asked.unwrap(), slow.unwrap()]);
    }
    let mut told = Vec::new();
    for _ in 0..80 {
        told.push(heard.next().await);
    }
    assert_eq!(ann.session().calls_outgoing() + player.session().calls_outgoing(), 0);
    (Seen { notes: notes.all(), told, answers }, network.connections())
}

async fn until_here(game: &TestServer) -> farcall_server::Player {
    let server = game.server().await;
    until(|| server.player("ann").is_ok_and(|player| player.session().is_attached())).await;
    server.player("ann").unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_cut_after_any_byte_changes_nothing() {
    let (uncut, connections) = dialogue(None).await;
    assert_eq!((connections, uncut.notes.len(), uncut.answers.len()), (1, 80, 80));
    for towards in [Towards::Server, Towards::Client] {
        let mut cuts = 0;
        for bytes in (0..).step_by(step()) {
            let (seen, connections) = dialogue(Some((towards, bytes))).await;
            assert_eq!(seen, uncut, "cut after {bytes} bytes towards the {towards:?}");
            if connections == 1 {
                break;
            }
            cuts += 1;
        }
        println!("towards the {towards:?}: {cuts} cuts");
        assert!(cuts * step() > 3_000, "the dialogue is too short: {cuts} cuts");
    }
}
