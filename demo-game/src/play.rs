//! A person at the keyboard, and a game's own loop: one thread that reads keys, polls the session, and draws, 30 times
//! a second. The server's calls run inside the poll, with the [`Person`] in their hands; what a person must decide is
//! kept as a [`Reply`] until a key answers it, many frames later.

use std::error::Error;
use std::thread::sleep;
use std::time::{Duration, Instant};

use demo_game::arena::PlayerId;
use demo_game::cable::Cable;
use demo_game::contract::{ChatLine, Event, GameId, Lobby, Player, Ticket};
use demo_game::numbers::Towards;
use demo_game::scribe::Scribe;
use demo_game::show::Show;
use demo_game::smooth::Smooth;
use demo_game::snapshot::Snapshot;
use demo_game::view::{Key, Phase};
use demo_game::wire::Wire;
use farcall_client::{Client, ClientConfig, ClientEvent, CloseCode, ConnectError, Events, Reply, route};
use farcall_protocol::{Uid, contracts};
use futures_util::FutureExt;

/// Logs in. What the server calls from then on waits for the loop.
pub async fn connect(cable: &Cable, uid: Uid) -> Result<Client, ConnectError> {
    let config = ClientConfig {
        serves: contracts![Player],
        handlers_in: Some(module_path!()),
        ..ClientConfig::for_uid(cable.address(), uid)
    };
    Client::connect_by(cable.dial(), config).await
}

/// Plays until `q`, or until the session is over. `says_yes` answers whatever is asked.
pub fn play(
    server: &Client,
    cable: Cable,
    wire: &Wire,
    show: &mut Show,
    says_yes: bool,
) -> Result<(), Box<dyn Error>> {
    let mut me = Person {
        server: server.clone(),
        events: server.session().events(),
        cable,
        uid: server.session().uid().clone(),
        wire: wire.clone(),
        scribe: Scribe::new(wire.clone()),
        smooth: Smooth::default(),
        says_yes,
        question: None,
    };
    me.enter();
    loop {
        let began = Instant::now();
        for key in show.keys()? {
            match key {
                Key::Quit => return Ok(()),
                key => me.press(key),
            }
        }
        server.poll(&mut me, POLL_TIME)?;
        match server.session().closed_reason() {
            Some(reason) if reason.code == CloseCode::Done => return Ok(()),
            Some(reason) => return Err(format!("the session is over: {reason}").into()),
            None => {}
        }
        me.notice();
        me.look();
        show.draw(wire)?;
        sleep(FRAME.saturating_sub(began.elapsed()));
    }
}

/// Whoever sits here, as the loop and the handlers see them.
struct Person {
    server: Client,
    events: Events,
    cable: Cable,
    uid: Uid,
    wire: Wire,
    scribe: Scribe,
    smooth: Smooth,
    says_yes: bool,
    question: Option<Question>,
}

/// A call of the server that waits for a key.
struct Question {
    name: &'static str,
    text: String,
    since: Instant,
    reply: Reply<bool>,
}

#[route(Player::ready_check)]
fn ready_check(me: &mut Person, reply: Reply<bool>, game: GameId) {
    me.scribe.ready_check(game);
    me.is_asked("ready_check", reply);
}

#[route(Player::rematch)]
fn rematch(me: &mut Person, reply: Reply<bool>) {
    me.scribe.rematch();
    me.is_asked("rematch", reply);
}

#[route(Player::snapshot)]
fn snapshot(me: &mut Person, world: Snapshot) {
    me.wire.tally().snapshot();
    me.smooth.sees(world);
}

#[route(Player::event)]
fn event(me: &mut Person, event: Event) {
    me.scribe.event(&event);
}

#[route(Player::chat)]
fn chat(me: &mut Person, line: ChatLine) {
    me.scribe.chat(&line);
}

#[route(Player::hear)]
fn hear(me: &mut Person, from: Uid, text: String) -> String {
    me.scribe.heard(&from, &text);
    let manners = "I am a person".to_owned();
    me.wire.to_player(&me.uid, "hear").answered(&manners);
    manners
}

#[route(Player::count)]
fn count(me: &mut Person, number: u64) {
    me.wire.came(Towards::Player, &me.uid, number);
}

impl Person {
    /// Enters the queue. The answer comes in a later frame.
    fn enter(&self) {
        let watched = self.wire.to_server(&self.uid, "enqueue");
        self.server.enqueue().then_on_frame(|me: &mut Person, entered| {
            let entered = watched.ended(entered);
            let mut scene = me.wire.scene();
            scene.phase = Phase::Lobby;
            scene.note = match entered {
                Ok(Ticket(number)) => {
                    scene.me = Some(PlayerId(number));
                    "you wait for the next match".to_owned()
                }
                Err(error) => format!("{error}; y tries again"),
            };
        });
    }

    fn press(&mut self, key: Key) {
        match key {
            Key::Quit => {}
            Key::Steer { dx, dy } => {
                self.server.steer(dx, dy);
            }
            Key::Chat(text) => self.say(&text),
            // Left out, voted out, or too late to answer: yes enters the queue again.
            Key::Yes if !self.answer(true) => self.enter(),
            Key::Yes => {}
            Key::No => {
                self.answer(false);
            }
            Key::Cut => {
                // While it is away already there is nothing to cut.
                if self.server.session().is_attached() && self.cable.cut() {
                    self.wire.tally().cut();
                }
            }
        }
    }

    /// `@cat truce?` goes to cat alone, and cat's answer comes back; anything else goes to all.
    fn say(&self, text: &str) {
        let to_one = text.strip_prefix('@').and_then(|text| text.split_once(' '));
        let Some((Ok(to), text)) = to_one.map(|(to, text)| (Uid::new(to), text)) else {
            self.server.chat(text);
            return;
        };
        let watched = self.wire.relayed(&self.uid, &to, "whisper");
        self.server.whisper(to.clone(), text).then_on_frame(move |me: &mut Person, answer| {
            let answer = watched.ended(answer);
            me.wire.tally().whisper(answer.is_ok());
            let answer = answer.unwrap_or_else(|error| error.to_string());
            me.wire.scene().event(&format!("{to} answers: {answer}"));
        });
    }

    fn is_asked(&mut self, name: &'static str, reply: Reply<bool>) {
        let text = self.wire.scene().note.clone();
        self.question = Some(Question { name, text, since: Instant::now(), reply });
        if self.says_yes {
            self.answer(true);
        }
    }

    /// Answers what was asked last; false if nothing was, or if it is too late.
    fn answer(&mut self, yes: bool) -> bool {
        let Some(Question { name, since, reply, .. }) = self.question.take() else { return false };
        let was_heard = reply.answer(yes);
        if was_heard {
            self.wire.to_player(&self.uid, name).since(since).answered(&yes);
            let note = if yes { "you are in" } else { "you are out; y enters again" };
            note.clone_into(&mut self.wire.scene().note);
        }
        was_heard
    }

    /// What has happened to the connection since the last frame. Nothing needs to be done about it.
    fn notice(&mut self) {
        while let Some(Some(event)) = self.events.next().now_or_never() {
            match event {
                ClientEvent::Detached(_) => self.wire.detached(&self.uid),
                ClientEvent::Resumed { replayed, away } => {
                    self.wire.tally().resume();
                    self.wire.resumed(&self.uid, replayed, away);
                }
                _ => {}
            }
        }
    }

    /// What this frame shows: the field as it is by now, and how long a question still waits.
    fn look(&mut self) {
        if let Some(world) = self.smooth.at(self.server.session().server_now()) {
            self.scribe.sees(world);
        }
        let Some(Question { text, reply, .. }) = &self.question else { return };
        let seconds = reply.deadline().saturating_duration_since(Instant::now()).as_secs() + 1;
        let note = match reply.is_cancelled() {
            true => "too late; y enters again".to_owned(),
            false => format!("{text} y/n, {seconds} s"),
        };
        self.wire.scene().note = note;
        self.question.take_if(|question| question.reply.is_cancelled());
    }
}

const POLL_TIME: Duration = Duration::from_millis(2);
const FRAME: Duration = Duration::from_millis(33);
