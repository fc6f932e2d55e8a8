//! All of the network: a session on a thread of the library's own, which is lent the world once a frame.

use std::time::Duration;

use bevy_app::{App, AppExit, Last, PreUpdate};
use bevy_ecs::prelude::*;
use farcall_client::{Client, ClientConfig, Starting};

/// The server, from the frame in which it has let us in.
#[derive(Resource, Clone)]
pub struct Server(pub Client);

/// Why there is no session, or none any more.
#[derive(Resource)]
pub struct Lost(pub String);
#[derive(Resource)]
struct OnTheWay(Starting);

/// Joins a server, without making a frame wait for it. On the last frame, what was said before still goes out.
pub fn join(app: &mut App, config: ClientConfig) {
    let leave = |server: If<Res<Server>>| server.0.0.session().leave_and_wait(Duration::from_secs(1));
    app.insert_resource(OnTheWay(Client::start(config))).add_systems(PreUpdate, poll);
    app.add_systems(Last, leave.run_if(on_message::<AppExit>));
}

/// Frame handlers take Bevy's `World`: all that an exclusive system may do, they may, without a type of ours between.
fn poll(world: &mut World) {
    let lost = if let Some(Server(client)) = world.get_resource().cloned() {
        let failed = client.poll(world, Duration::from_millis(2)).err().map(|error| error.to_string());
        failed.or(client.session().closed_reason().map(|reason| reason.to_string()))
    } else {
        let Some(arrival) = world.resource_mut::<OnTheWay>().0.poll() else { return };
        arrival.map(|client| world.insert_resource(Server(client))).err().map(|error| error.to_string())
    };
    lost.into_iter().for_each(|why| world.insert_resource(Lost(why)));
}
