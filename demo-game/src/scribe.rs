//! Writes down what one player is shown and told, for a view. Decides nothing and answers nothing.

use farcall_protocol::Uid;

use crate::arena::{Standing, World};
use crate::contract::{ChatLine, Event, GameId};
use crate::view::{Phase, Scene};
use crate::wire::Wire;

/// The scribe of one player; of one whom nobody watches, by default.
#[derive(Debug, Clone, Default)]
pub struct Scribe {
    wire: Option<Wire>,
}

impl Scribe {
    /// Writes into this wire's scene.
    pub fn new(wire: Wire) -> Self {
        Self { wire: Some(wire) }
    }

    /// The newest field.
    pub fn sees(&self, world: World) {
        self.write(|scene| {
            scene.standings = standings(&world);
            scene.world = Some(world);
        });
    }

    /// The server asks who is ready.
    pub fn ready_check(&self, GameId(game): GameId) {
        self.write(|scene| enter(scene, Phase::ReadyCheck, &format!("match {game} is found: who is ready?")));
    }

    /// The server asks who wants another match.
    pub fn rematch(&self) {
        self.write(|scene| enter(scene, Phase::RematchVote, "another one?"));
    }

    /// Somebody whispers.
    pub fn heard(&self, from: &Uid, text: &str) {
        self.write(|scene| scene.event(&format!("{from} whispers: {text}")));
    }

    /// Somebody speaks.
    pub fn chat(&self, line: &ChatLine) {
        self.write(|scene| scene.chat(line.from.as_str(), &line.text));
    }

    /// Something has happened in the match.
    pub fn event(&self, event: &Event) {
        if let (Event::Ends { .. }, Some(wire)) = (event, &self.wire) {
            wire.tally().game();
        }
        self.write(|scene| {
            if let Event::Begins { game, .. } = event {
                enter(scene, Phase::Match { number: game.0 }, "");
            }
            scene.event(&sentence(event));
        });
    }

    fn write(&self, write: impl FnOnce(&mut Scene)) {
        if let Some(wire) = &self.wire {
            write(&mut wire.scene());
        }
    }
}

fn enter(scene: &mut Scene, phase: Phase, note: &str) {
    scene.phase = phase;
    note.clone_into(&mut scene.note);
}

fn sentence(event: &Event) -> String {
    match event {
        Event::Begins { game, players, left_out } => {
            let mut line = format!("match {} begins: {} play", game.0, players.len());
            for uid in left_out {
                line += &format!(", {uid} is left out");
            }
            line
        }
        Event::Ate { eater, eaten, points } => format!("{eater} ate {eaten} (+{points})"),
        Event::Leads { player, score } => format!("{player} leads with {score}"),
        Event::Ends { winner, score } => format!("{winner} wins with {score}"),
    }
}

/// The ranking that the field shows; what it does not show (discs eaten) stays at nothing.
fn standings(world: &World) -> Vec<Standing> {
    let line = |disc: &crate::arena::Disc| Standing {
        id: disc.id,
        name: disc.name.clone(),
        score: disc.score,
        eaten: 0,
    };
    let mut ranked: Vec<Standing> = world.discs.iter().map(line).collect();
    ranked.sort_by_key(|standing| (std::cmp::Reverse(standing.score), standing.id));
    ranked
}
