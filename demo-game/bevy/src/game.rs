//! The game: what it holds, and the systems that run once a frame. Knows the server as something to call; of
//! connections, threads and runtimes it knows nothing.

use std::collections::HashSet;
use std::fmt;
use std::thread::ThreadId;
use std::time::Duration;

use bevy_app::{App, AppExit, PostUpdate, ScheduleRunnerPlugin, Update};
use bevy_ecs::prelude::*;
use demo_game::arena::brain::Brain;
use demo_game::arena::{self, PlayerId};
use demo_game::contract::{Lobby, Player, Ticket};
use farcall_client::{ClientConfig, Reply, contracts};
use farcall_protocol::Uid;

use crate::net::{Lost, Server, join};

/// The newest field that the server has shown.
#[derive(Resource, Default)]
pub struct Field(pub Option<arena::World>);

/// Which disc is ours.
#[derive(Resource)]
struct Me(PlayerId);

/// Who steers it.
#[derive(Resource)]
struct Mind(Brain);

/// A disc on the field: one entity each.
#[derive(Component, Debug, Clone, PartialEq)]
pub struct Disc(pub arena::Disc);

/// A call of the server that waits for our answer: an entity until it is given.
#[derive(Component)]
pub struct Question {
    reply: Option<Reply<bool>>,
    says: bool,
    frames_left: u32,
}

impl Question {
    /// To be answered in a while, as by a person.
    pub fn new(reply: Reply<bool>, says: bool) -> Self {
        Self { reply: Some(reply), says, frames_left: THOUGHT_FRAMES }
    }
}

/// What has happened, for the line at the end.
#[derive(Resource, Debug, Clone, Default)]
#[expect(missing_docs, reason = "the fields' names say it")]
pub struct Seen {
    pub frames: u32,
    pub snapshots: u32,
    /// On which snapshots came.
    pub threads: HashSet<ThreadId>,
    pub lines: u32,
    /// The server's last number.
    pub counted: u64,
    /// Numbers that did not follow the one before.
    pub skipped: u64,
    pub discs: usize,
    pub steered: u32,
    /// Ready checks that our yes reached in time.
    pub ready: u32,
    /// Rematches that our no reached in time.
    pub went_home: u32,
    pub winner: Option<Uid>,
}

/// How long the game may run.
#[derive(Resource)]
struct FramesMax(u32);

/// A game of one player at this server, 30 frames a second until a match is over, at most this many. Run it.
pub fn game(address: &str, uid: Uid, frames_max: u32) -> App {
    let mut app = App::new();
    // The demo's bots have handlers of their own for `Player`, and the house's play in this process.
    let ours = ClientConfig { handlers_in: Some("demo_bevy::routes"), ..ClientConfig::for_uid(address, uid) };
    join(&mut app, ClientConfig { serves: contracts![Player], ..ours });
    app.add_plugins(ScheduleRunnerPlugin::run_loop(FRAME_TIME))
        .init_resource::<Field>()
        .init_resource::<Seen>()
        .insert_resource(Mind(Brain::new(7)))
        .insert_resource(FramesMax(frames_max))
        .add_systems(Update, enter.run_if(resource_added::<Server>))
        .add_systems(Update, answer)
        .add_systems(Update, (show, steer.run_if(resource_exists::<Me>)).run_if(resource_changed::<Field>))
        .add_systems(PostUpdate, end);
    app
}

/// A call of ours: its answer comes in a later frame, with the world.
fn enter(server: Res<Server>) {
    server.0.enqueue().then_on_frame(|world: &mut World, entered| match entered {
        Ok(Ticket(number)) => world.insert_resource(Me(PlayerId(number))),
        Err(error) => world.insert_resource(Lost(error.to_string())),
    });
}

/// Thinks about what the server has asked, and says so.
fn answer(mut commands: Commands, mut questions: Query<(Entity, &mut Question)>, mut seen: ResMut<Seen>) {
    for (entity, mut question) in &mut questions {
        question.frames_left = question.frames_left.saturating_sub(1);
        if question.frames_left == 0 {
            let was_heard = question.reply.take().is_some_and(|reply| reply.answer(question.says));
            let count = if question.says { &mut seen.ready } else { &mut seen.went_home };
            *count += u32::from(was_heard);
            commands.entity(entity).despawn();
        }
    }
}

/// Makes the entities what the newest field says.
fn show(
    mut commands: Commands,
    field: Res<Field>,
    mut discs: Query<(Entity, &mut Disc)>,
    mut seen: ResMut<Seen>,
) {
    let Some(world) = &field.0 else { return };
    for (entity, mut disc) in &mut discs {
        match world.disc(disc.0.id) {
            Some(newest) => disc.0.clone_from(newest),
            None => commands.entity(entity).despawn(),
        }
    }
    let is_new = |newest: &&arena::Disc| !discs.iter().any(|(_, disc)| disc.0.id == newest.id);
    for newest in world.discs.iter().filter(is_new) {
        commands.spawn(Disc(newest.clone()));
    }
    seen.discs = world.discs.len();
}

/// Tells the server where our disc wishes to go.
fn steer(
    server: Res<Server>,
    me: Res<Me>,
    field: Res<Field>,
    mut mind: ResMut<Mind>,
    mut seen: ResMut<Seen>,
) {
    let Some(world) = &field.0 else { return };
    let wish = mind.0.steer(world, me.0);
    server.0.steer(wish.dx, wish.dy);
    seen.steered += 1;
}

/// Ends the game when the match is over and the rematch declined, when the session is lost, or when it is time.
fn end(
    mut seen: ResMut<Seen>,
    frames_max: Res<FramesMax>,
    lost: Option<Res<Lost>>,
    mut exit: MessageWriter<AppExit>,
) {
    seen.frames += 1;
    let is_over = seen.winner.is_some() && seen.went_home > 0;
    let is_lost = lost.is_some();
    if is_over || is_lost || seen.frames >= frames_max.0 {
        println!("{}", *seen);
        let good = !is_lost && seen.snapshots > 0;
        lost.iter().for_each(|lost| eprintln!("demo-bevy: {}", lost.0));
        exit.write(if good { AppExit::Success } else { AppExit::error() });
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frames, snapshots, discs, steered, ready, lines, .. } = self;
        write!(f, "{frames} frames: {snapshots} snapshots of {discs} discs, steered {steered} times, ")?;
        write!(f, "{ready} ready checks answered, {lines} lines of chat; ")?;
        match &self.winner {
            Some(winner) => write!(f, "{winner} won"),
            None => f.write_str("no match ended"),
        }
    }
}

const FRAME_TIME: Duration = Duration::from_nanos(1_000_000_000 / 30);
/// A third of a second.
const THOUGHT_FRAMES: u32 = 10;
