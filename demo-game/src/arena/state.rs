//! The arena itself: discs, pellets, and the one tick that moves them.
//! The numbers of the game are in `rules`, the plain data it hands out in `world`.

use super::config::{ArenaConfig, JoinError};
use super::prng::Prng;
use super::rules;
use super::world::{ArenaEvent, Disc, Pellet, PlayerId, Standing, Steer, World};

/// An authoritative match: wishes in, one truth out.
#[derive(Clone, Debug)]
pub struct Arena {
    config: ArenaConfig,
    prng: Prng,
    tick: u32,
    /// By ascending id, so that the order of joining cannot favour anyone.
    bodies: Vec<Body>,
    pellets: Vec<Pellet>,
    leader: Option<PlayerId>,
}

impl Arena {
    /// An empty field with its pellets laid out.
    pub fn new(config: ArenaConfig, seed: u64) -> Arena {
        let config = config.within_bounds();
        let mut prng = Prng::new(seed);
        let pellets = (0..config.pellets).map(|_| fresh_pellet(&config, &mut prng)).collect();
        Arena { config, prng, tick: 0, bodies: Vec::new(), pellets, leader: None }
    }

    /// Puts a disc for this player on the field, away from the others. The name is cut and cleaned to be shown.
    pub fn add(&mut self, id: PlayerId, name: &str) -> Result<(), JoinError> {
        if self.bodies.len() >= rules::DISCS_MAX {
            return Err(JoinError::ArenaFull);
        }
        let Err(place) = self.bodies.binary_search_by_key(&id, |b| b.disc.id) else {
            return Err(JoinError::AlreadyIn);
        };
        let (x, y) = self.free_spot();
        let disc = Disc {
            id,
            name: rules::shown_name(name),
            x,
            y,
            radius: rules::RADIUS_START_UNITS,
            score: 0,
            alive: true,
        };
        self.bodies.insert(place, Body { disc, wish: Steer::default(), eaten: 0, out_for_ticks: 0 });
        Ok(())
    }

    /// Takes a player off the field; nothing if it was not there.
    pub fn remove(&mut self, id: PlayerId) {
        self.bodies.retain(|b| b.disc.id != id);
        if self.leader == Some(id) {
            self.leader = None;
        }
    }

    /// Notes where a player wishes to go from now on, tamed. A player that is not here is ignored: its wish came late.
    pub fn steer(&mut self, id: PlayerId, wish: Steer) {
        if let Ok(place) = self.bodies.binary_search_by_key(&id, |b| b.disc.id) {
            self.bodies[place].wish = wish.tamed();
        }
    }

    /// Plays one tick and tells what happened, in order. Once the match is over nothing moves and nothing happens.
    pub fn tick(&mut self) -> Vec<ArenaEvent> {
        let mut events = Vec::new();
        if self.is_over() {
            return events;
        }
        self.tick += 1;
        self.respawn(&mut events);
        self.move_all();
        self.eat_discs(&mut events);
        self.eat_pellets();
        self.crown(&mut events);
        if self.is_over() {
            events.push(ArenaEvent::Finished);
        }
        events
    }

    /// Whether the last tick has been played.
    pub fn is_over(&self) -> bool {
        self.tick >= self.config.match_ticks
    }

    /// This moment, as plain data: about 0.7 KiB encoded for 12 discs and 60 pellets.
    pub fn world(&self) -> World {
        World {
            tick: self.tick,
            ticks_left: self.config.match_ticks.saturating_sub(self.tick),
            width: self.config.width_units,
            height: self.config.height_units,
            discs: self.bodies.iter().map(|b| b.disc.clone()).collect(),
            pellets: self.pellets.clone(),
        }
    }

    /// Everyone, best first; among equals the leader, then the lower id.
    pub fn standings(&self) -> Vec<Standing> {
        let mut ranked: Vec<&Body> = self.bodies.iter().collect();
        ranked.sort_by_key(|b| (std::cmp::Reverse(b.disc.score), self.leader != Some(b.disc.id), b.disc.id));
        let line = |b: &Body| Standing {
            id: b.disc.id,
            name: b.disc.name.clone(),
            score: b.disc.score,
            eaten: b.eaten,
        };
        ranked.into_iter().map(line).collect()
    }

    fn respawn(&mut self, events: &mut Vec<ArenaEvent>) {
        for place in 0..self.bodies.len() {
            let body = &mut self.bodies[place];
            if body.disc.alive {
                continue;
            }
            body.out_for_ticks = body.out_for_ticks.saturating_sub(1);
            if body.out_for_ticks > 0 {
                continue;
            }
            let (x, y) = self.free_spot();
            let disc = &mut self.bodies[place].disc;
            (disc.x, disc.y, disc.radius, disc.alive) = (x, y, rules::RADIUS_START_UNITS, true);
            events.push(ArenaEvent::Respawned { who: disc.id });
        }
    }

    fn move_all(&mut self) {
        for body in &mut self.bodies {
            let (wish, disc) = (body.wish, &mut body.disc);
            if !disc.alive {
                continue;
            }
            disc.radius = rules::starved(disc.radius);
            let stride = rules::stride_units(disc.radius);
            disc.x += wish.dx * stride;
            disc.y += wish.dy * stride;
            keep_inside(disc, &self.config);
        }
    }

    fn eat_pellets(&mut self) {
        for pellet in &mut self.pellets {
            let (x, y) = (pellet.x(), pellet.y());
            let eats = |b: &&mut Body| {
                b.disc.alive && rules::reaches(b.disc.radius, distance_squared((b.disc.x, b.disc.y), (x, y)))
            };
            if let Some(eater) = self.bodies.iter_mut().find(eats) {
                eater.disc.score = eater.disc.score.saturating_add(rules::PELLET_POINTS);
                eater.disc.radius = rules::grown(eater.disc.radius, rules::pellet_area());
                keep_inside(&mut eater.disc, &self.config);
                *pellet = fresh_pellet(&self.config, &mut self.prng);
            }
        }
    }

    fn eat_discs(&mut self, events: &mut Vec<ArenaEvent>) {
        // Sizes count as they were before anyone ate: a meal helps from the next tick on, and the order decides less.
        let mut order: Vec<(usize, f32)> = self.bodies.iter().map(|b| b.disc.radius).enumerate().collect();
        // The largest eats first: in a chain of three, the middle one is gone before it could eat the smallest.
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        for &(hunter, hunter_radius) in &order {
            for &(prey, prey_radius) in &order {
                if rules::outsizes(hunter_radius, prey_radius) && self.covers(hunter, hunter_radius, prey) {
                    events.push(self.eat(hunter, prey));
                }
            }
        }
    }

    fn covers(&self, hunter: usize, hunter_radius: f32, prey: usize) -> bool {
        let (hunter, prey) = (&self.bodies[hunter].disc, &self.bodies[prey].disc);
        let apart = distance_squared((hunter.x, hunter.y), (prey.x, prey.y));
        hunter.alive && prey.alive && rules::reaches(hunter_radius, apart)
    }

    fn eat(&mut self, hunter: usize, prey: usize) -> ArenaEvent {
        let eaten = &mut self.bodies[prey];
        eaten.disc.alive = false;
        eaten.out_for_ticks = self.config.respawn_ticks;
        let (who, radius) = (eaten.disc.id, eaten.disc.radius);

        let points = rules::prey_points(radius);
        let eater = &mut self.bodies[hunter];
        eater.eaten = eater.eaten.saturating_add(1);
        eater.disc.score = eater.disc.score.saturating_add(points);
        eater.disc.radius = rules::grown(eater.disc.radius, rules::prey_area(radius));
        keep_inside(&mut eater.disc, &self.config);
        ArenaEvent::Eaten { by: eater.disc.id, who, points }
    }

    fn crown(&mut self, events: &mut Vec<ArenaEvent>) {
        let score_of = |id: PlayerId| self.bodies.iter().find(|b| b.disc.id == id).map(|b| b.disc.score);
        // The first leader needs a few points: the scramble of the first seconds is not worth telling.
        let to_beat = self.leader.and_then(score_of).unwrap_or(rules::LEADER_POINTS_MIN - 1);
        // Reversed, so that among equals the lower id wins (`max_by_key` keeps the last).
        let Some(best) = self.bodies.iter().rev().max_by_key(|b| b.disc.score) else { return };
        if best.disc.score > to_beat {
            self.leader = Some(best.disc.id);
            events.push(ArenaEvent::LeaderChanged { who: best.disc.id, score: best.disc.score });
        }
    }

    /// Of a few random spots the one farthest from every living disc: cheap, and nobody is born inside a hunter.
    fn free_spot(&mut self) -> (f32, f32) {
        let margin = rules::RADIUS_START_UNITS;
        let mut best = (self.config.width_units / 2.0, self.config.height_units / 2.0);
        let mut best_gap = f32::NEG_INFINITY;
        for _ in 0..SPOTS_TRIED {
            let x = self.prng.between(margin, self.config.width_units - margin);
            let y = self.prng.between(margin, self.config.height_units - margin);
            let living = self.bodies.iter().map(|b| &b.disc).filter(|d| d.alive);
            let gap = living
                .map(|d| distance_squared((d.x, d.y), (x, y)).sqrt() - d.radius)
                .fold(f32::INFINITY, f32::min);
            if gap > best_gap {
                (best, best_gap) = ((x, y), gap);
            }
        }
        best
    }
}

/// Where a test sets the stage.
#[cfg(test)]
impl Arena {
    pub(super) fn place(&mut self, id: PlayerId, x: f32, y: f32) {
        let disc = self.disc_mut(id);
        (disc.x, disc.y) = (x, y);
    }

    pub(super) fn resize(&mut self, id: PlayerId, radius: f32) {
        self.disc_mut(id).radius = radius;
    }

    pub(super) fn score(&mut self, id: PlayerId, score: u32) {
        self.disc_mut(id).score = score;
    }

    fn disc_mut(&mut self, id: PlayerId) -> &mut Disc {
        let body = self.bodies.iter_mut().find(|b| b.disc.id == id);
        &mut body.expect("the test added this player").disc
    }
}

/// A disc, and what of it nobody else needs to see.
#[derive(Clone, Debug)]
struct Body {
    disc: Disc,
    /// Tamed already.
    wish: Steer,
    eaten: u32,
    /// Meaningful only while not alive.
    out_for_ticks: u32,
}

fn fresh_pellet(config: &ArenaConfig, prng: &mut Prng) -> Pellet {
    Pellet::at(prng.between(0.0, config.width_units), prng.between(0.0, config.height_units))
}

fn keep_inside(disc: &mut Disc, config: &ArenaConfig) {
    disc.x = disc.x.clamp(disc.radius, config.width_units - disc.radius);
    disc.y = disc.y.clamp(disc.radius, config.height_units - disc.radius);
}

fn distance_squared(a: (f32, f32), b: (f32, f32)) -> f32 {
    let (dx, dy) = (a.0 - b.0, a.1 - b.1);
    dx * dx + dy * dy
}

const SPOTS_TRIED: u32 = 8;
