//! Writes down what one player is shown and told, for a view. Decides nothing and answers nothing.

use crate::arena::{Standing, World};
use crate::contract::{Event, GameId};
use crate::player::News;
use crate::view::{Phase, Scene};
use crate::wire::Wire;

/// The scribe of one player.
#[derive(Debug, Clone)]
pub struct Scribe {
    wire: Wire,
}

impl Scribe {
    /// Writes into this wire's scene.
    pub fn new(wire: Wire) -> Self {
        Self { wire }
    }

    /// The newest field.
    pub fn sees(&self, world: World) {
        let mut scene = self.wire.scene();
        scene.standings = standings(&world);
        scene.world = Some(world);
    }

    /// The newest question or message.
    pub fn hears(&self, news: &News) {
        let mut scene = self.wire.scene();
        match news {
            News::ReadyCheck(GameId(game), _) => {
                enter(&mut scene, Phase::ReadyCheck, &format!("match {game} is found: who is ready?"));
            }
            News::Rematch(_) => enter(&mut scene, Phase::RematchVote, "another one?"),
            News::Heard(from, text, _) => scene.event(&format!("{from} whispers: {text}")),
            News::Chat(line) => scene.chat(line.from.as_str(), &line.text),
            News::Event(event) => {
                if let Event::Begins { game, .. } = event {
                    enter(&mut scene, Phase::Match { number: game.0 }, "");
                }
                if let Event::Ends { .. } = event {
                    self.wire.tally().game();
                }
                scene.event(&sentence(event));
            }
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
