//! Players in this process who call a server without pause over TCP, log in anew whenever their session is lost, and tell
//! the history all they know.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use farcall_client::{
    Client, ClientConfig, ClientEvent, ConnectError, LoginFailed, Notified, Reconnect, State, States, route,
};
use farcall_protocol::contracts;
use farcall_tests::chance::Chance;
use farcall_tests::victim::{Ending, Mill, Miller, name};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::history::{History, Session};
use crate::process::Watched;

/// Calls that one player waits for at a time.
const CALLERS: u64 = 8;
/// Calls whose outcomes come as callbacks, at most so many at a time.
const CALLBACKS_MAX: usize = 24;
/// Outlasts every restart.
const LONG: Duration = Duration::from_secs(60);
/// Longest work of a handler.
const WORK_MICROS: usize = 5_000;

#[route(Miller::help)]
fn help(history: State<Watched<History>>, number: u64) -> u64 {
    history.change(|history| history.helps(number));
    number
}

/// What all players share.
#[derive(Debug)]
pub struct Crew {
    pub address: String,
    pub history: Arc<Watched<History>>,
    /// Nobody begins anything any more.
    pub is_leaving: AtomicBool,
}

/// One login of one player.
struct Shift {
    crew: Arc<Crew>,
    client: Client,
    session: Session,
    callbacks: Arc<AtomicUsize>,
}

impl Crew {
    /// Plays, in one session after the other, until the crew is leaving. After one that was lost it asks for another, or starts
    /// from nothing, as a new program would.
    pub async fn play(self: Arc<Self>, uid: String, mut chance: Chance) {
        let mut last: Option<Client> = None;
        while !self.is_leaving.load(Ordering::SeqCst) {
            let login = match &last {
                Some(last) if chance.percent(50) => last.session().reconnect().await,
                _ => self.log_in(&uid).await,
            };
            match login {
                Ok(client) => {
                    last = Some(client.clone());
                    let name = name(&client.session());
                    let session = self.history.change(|history| history.logged_in(name));
                    let shift = Shift { crew: self.clone(), client, session, callbacks: Arc::default() };
                    Arc::new(shift).work(&mut chance).await;
                }
                Err(error) => {
                    self.history.change(|history| history.finds(format!("{uid} is not let in: {error}")));
                }
            }
        }
    }

    /// Logs in as soon as there is a server.
    async fn log_in(&self, uid: &str) -> Result<Client, ConnectError> {
        let mut pause = interval(Duration::from_millis(3));
        pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pause.tick().await;
            match Client::connect(self.player(uid)).await {
                Err(ConnectError::Address { .. } | ConnectError::Login(LoginFailed::Connection(_))) => {
                    self.history.change(|history| history.summary.logins_broken += 1);
                }
                login => return login,
            }
        }
    }

    fn player(&self, uid: &str) -> ClientConfig {
        ClientConfig {
            serves: contracts![Miller],
            states: States::new().with_shared(self.history.clone()),
            // As quick as the kills follow each other.
            reconnect: Reconnect {
                pause_min: Duration::from_millis(5),
                pause_max: Duration::from_millis(20),
                ..Reconnect::default()
            },
            ..ClientConfig::new(self.address.clone(), uid).expect("a uid")
        }
    }
}

impl Shift {
    /// Works until the session is over, or until the crew is leaving and the last call has ended.
    async fn work(self: Arc<Self>, chance: &mut Chance) {
        let mut tasks: Vec<_> =
            (0..CALLERS).map(|_| tokio::spawn(self.clone().call_on(Chance::new(chance.next())))).collect();
        tasks.push(tokio::spawn(self.clone().send_on(Chance::new(chance.next()))));
        let watch = tokio::spawn(self.clone().watch());
        for task in tasks {
            task.await.expect("no panic");
        }
        // Callbacks run on the session's task, which outlives the last call.
        farcall_tests::waiting::until(|| self.callbacks.load(Ordering::SeqCst) == 0).await;
        if self.client.session().is_open() {
            self.client.session().leave().await;
        }
        watch.await.expect("no panic");
    }

    fn goes_on(&self) -> bool {
        self.client.session().is_open() && !self.crew.is_leaving.load(Ordering::SeqCst)
    }

    /// Calls, one after the other, and waits for each.
    async fn call_on(self: Arc<Self>, mut chance: Chance) {
        while self.goes_on() {
            let within = within(&mut chance);
            let number = self.number(within);
            let call = if chance.percent(15) {
                self.client.grind_together(number)
            } else {
                self.client.grind(number, chance.below(WORK_MICROS) as u32)
            };
            if chance.percent(5) {
                let patience = Duration::from_micros(chance.below(WORK_MICROS) as u64);
                // The call goes away with the wait.
                match timeout(patience, call.within(within)).await {
                    Ok(outcome) => self.ends(number, outcome.into()),
                    Err(_) => self.crew.history.change(|history| history.drops(number)),
                }
            } else {
                self.ends(number, call.within(within).await.into());
            }
        }
    }

    /// Sends notes and makes calls that nobody waits for, also while there is no connection.
    async fn send_on(self: Arc<Self>, mut chance: Chance) {
        let mut beat = interval(Duration::from_millis(1));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.goes_on() {
            beat.tick().await;
            self.send_note();
            if self.callbacks.fetch_add(1, Ordering::SeqCst) < CALLBACKS_MAX {
                self.call_back(&mut chance);
            } else {
                self.callbacks.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }

    fn send_note(&self) {
        let number = self.crew.history.change(|history| history.notes(self.session));
        if let Notified::Dropped(_) = self.client.note(number) {
            self.crew.history.change(|history| history.note_dropped(self.session, number));
        }
    }

    fn call_back(self: &Arc<Self>, chance: &mut Chance) {
        let within = within(chance);
        let number = self.number(within);
        let shift = self.clone();
        self.client.grind(number, chance.below(WORK_MICROS) as u32).within(within).then(move |outcome| {
            shift.ends(number, outcome.into());
            shift.callbacks.fetch_sub(1, Ordering::SeqCst);
        });
    }

    fn number(&self, within: Duration) -> u64 {
        self.crew.history.change(|history| history.calls(self.session, Instant::now() + within))
    }

    fn ends(&self, number: u64, ending: Ending) {
        let now = Instant::now();
        self.crew.history.change(|history| history.ends(number, ending, now));
    }

    /// Follows the session's events: detached at most once, since no server gives a session of another life back, and over
    /// because the server has restarted, unless the player left.
    async fn watch(self: Arc<Self>) {
        let (mut events, mut lost) = (self.client.session().events(), None);
        let mut legal = true;
        while let Some(event) = events.next().await {
            match event {
                ClientEvent::Opened => {}
                ClientEvent::Detached(_) => legal &= lost.replace(Instant::now()).is_none(),
                ClientEvent::Closed(reason) => {
                    let left = reason.code.name() == "Done" && self.crew.is_leaving.load(Ordering::SeqCst);
                    legal &= left || (lost.is_some() && reason.code.name() == "Restarted");
                    self.crew.history.change(|history| {
                        history.is_over(self.session, reason.code.name());
                        history.summary.told_ms.extend(lost.map(|lost| lost.elapsed().as_millis() as u64));
                        if !legal {
                            history.finds(format!("session {} ended by {reason}", self.session));
                        }
                    });
                }
                // Given back by a server that never had it.
                _ => legal = false,
            }
        }
    }
}

/// How long a call may take: most outlast a restart, some do not outlast their own work.
fn within(chance: &mut Chance) -> Duration {
    if chance.percent(75) { LONG } else { Duration::from_millis(1 + chance.below(40) as u64) }
}
