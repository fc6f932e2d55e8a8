//! The same scene for pipes, logs and CI: one line per happening, no colours, no cursor.
//! Only makes the lines; the caller prints them.

use super::scene::{Direction, FeedLine, Outcome, Phase, Scene, WireLine};
use crate::arena::TICKS_PER_SECOND;

/// Remembers what was told already, so that each scene adds only its news.
#[derive(Debug, Default)]
pub struct Plain {
    phase: Option<(Phase, String)>,
    calls_seen: u64,
    feed_seen: u64,
    /// Which stretch of [`SCORES_TICKS`] was told last.
    scores_told: Option<u32>,
}

impl Plain {
    /// The news since the last call, in this order: phase, calls, chat and events, scores every 5 s of a match.
    /// Call it before more than [`TAIL_LINES_MAX`](super::TAIL_LINES_MAX) calls came, or it only tells how many it missed.
    pub fn lines(&mut self, scene: &Scene) -> Vec<String> {
        let mut lines = Vec::new();
        self.tell_phase(scene, &mut lines);

        let (missed, calls) = scene.wire.since(self.calls_seen);
        tell_missed(missed, "calls", &mut lines);
        lines.extend(calls.map(call_line));
        self.calls_seen = scene.wire.pushed();

        let (missed, feed) = scene.feed.since(self.feed_seen);
        tell_missed(missed, "messages", &mut lines);
        lines.extend(feed.map(feed_line));
        self.feed_seen = scene.feed.pushed();

        self.tell_scores(scene, &mut lines);
        lines
    }

    fn tell_phase(&mut self, scene: &Scene, lines: &mut Vec<String>) {
        let now = (scene.phase, scene.note.clone());
        if self.phase.as_ref() == Some(&now) {
            return;
        }
        if self.phase.as_ref().map(|p| p.0) != Some(scene.phase) {
            self.scores_told = None;
        }
        let note = if scene.note.is_empty() { String::new() } else { format!(": {}", scene.note) };
        lines.push(format!("--     {}{note}", scene.phase));
        self.phase = Some(now);
    }

    fn tell_scores(&mut self, scene: &Scene, lines: &mut Vec<String>) {
        let (Phase::Match { .. }, Some(world)) = (scene.phase, &scene.world) else { return };
        let stretch = world.tick / SCORES_TICKS;
        // Nothing to tell at the very start; the first stretch begins silently.
        if self.scores_told.replace(stretch).unwrap_or(0) >= stretch {
            return;
        }
        let best: Vec<String> =
            scene.standings.iter().take(SCORES_SHOWN).map(|s| format!("{} {}", s.name, s.score)).collect();
        let seconds_left = world.ticks_left.div_ceil(TICKS_PER_SECOND);
        let c = scene.counters;
        lines.push(format!(
            "score  {seconds_left} s left: {} ({} calls to server, {} to players, {} snapshots)",
            best.join(", "),
            c.calls_to_server,
            c.calls_to_players,
            c.snapshots
        ));
    }
}

fn call_line(line: &WireLine) -> String {
    let what = match (line.outcome, line.direction) {
        (Outcome::Failed, _) => "FAIL",
        (Outcome::Answered, Direction::Link) => "link",
        (Outcome::Answered, _) => "call",
    };
    format!("{what}   {}", line.text())
}

fn feed_line(line: &FeedLine) -> String {
    match line {
        FeedLine::Chat { from, text } => format!("chat   {from}: {text}"),
        FeedLine::Event { text } => format!("event  {text}"),
    }
}

fn tell_missed(missed: u64, what: &str, lines: &mut Vec<String>) {
    if missed > 0 {
        lines.push(format!("...    {missed} {what} not shown"));
    }
}

const SCORES_TICKS: u32 = 5 * TICKS_PER_SECOND;
const SCORES_SHOWN: usize = 4;
