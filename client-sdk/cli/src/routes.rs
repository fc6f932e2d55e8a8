//! What a server says it serves, and the name that somebody meant.

use farcall_client::{CallError, Client, CloseReason, NotExecuted};
use farcall_protocol::{ROUTES_ROUTE, RouteInfo, RouteTable};

use crate::args::Options;
use crate::exit::{Exit, Trouble};

/// Asks the server for its routes. `None` where it does not tell.
///
/// # Errors
/// When the call ends otherwise.
pub async fn ask(client: &Client, options: &Options) -> Result<Option<RouteTable>, Trouble> {
    let asked = client.session().call::<_, RouteTable>(ROUTES_ROUTE, ()).within(options.within);
    match asked.await {
        Ok(table) => Ok(Some(table)),
        Err(CallError::NotExecuted(NotExecuted::UnknownRoute)) => Ok(None),
        Err(error) => Err(match client.session().closed_reason() {
            Some(reason) => over(&reason),
            None => Trouble::new(Exit::Ended, format!("{ROUTES_ROUTE}: {error}")),
        }),
    }
}

/// The session ended by itself.
pub fn over(reason: &CloseReason) -> Trouble {
    Trouble::new(Exit::Ended, format!("the session is over: {reason}"))
}

/// Why a server that does not tell its routes cannot be asked about them.
pub fn untold(address: &str) -> Trouble {
    Trouble::new(Exit::NoRoute, format!("{address} does not tell its routes"))
        .hint("ServerConfig { introspection: true, .. } lets it; calls by name work without")
}

/// There is no such route; what there is instead.
pub fn unknown<'a>(route: &str, names: impl Iterator<Item = &'a str>) -> Trouble {
    let trouble = Trouble::new(Exit::NoRoute, format!("there is no route `{route}`"));
    match nearest(route, names) {
        Some(name) => trouble.hint(format!("did you mean `{name}`?")),
        None => trouble.hint("`farcall list` shows what there is"),
    }
}

/// The names of what `side` serves.
pub fn names<'a>(table: &'a RouteTable, side: &'a str) -> impl Iterator<Item = &'a str> {
    table.routes.iter().filter(move |route| route.served_by == side).map(|route| &route.name[..])
}

/// What a route takes, for whoever gave it something else.
pub fn takes(route: &RouteInfo) -> [String; 2] {
    [format!("it takes {}", arguments(route)), format!("for example '{}'", route.example)]
}

fn arguments(route: &RouteInfo) -> String {
    let line = RouteInfo { reply: None, error: None, ..route.clone() }.types_line();
    if route.arguments.is_empty() { "no arguments".to_owned() } else { line }
}

/// The name that was probably meant: few letters differ, or it is the last part of one.
pub fn nearest<'a>(meant: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let meant = meant.to_lowercase().replace("::", ".");
    let of = |name: &str| {
        let name = name.to_lowercase();
        let last = name.rsplit('.').next().unwrap_or_default();
        distance(&meant, &name).min(distance(&meant, last))
    };
    let best = names.map(|name| (of(name), name)).min()?;
    let few = 2.max(meant.chars().count() / 4);
    (best.0 <= few).then_some(best.1)
}

/// Letters to insert, delete or replace to make one text of another (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (to, &b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[to + 1];
            row[to + 1] = replaced.min(diagonal + 1).min(row[to] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_meant() {
        let names = ["Lobby.sum", "Lobby.enqueue", "motd"];
        for (meant, name) in [
            ("Lobby.smu", Some("Lobby.sum")),
            ("lobby.sum", Some("Lobby.sum")),
            ("Lobby::sum", Some("Lobby.sum")),
            ("sum", Some("Lobby.sum")),
            ("enqeue", Some("Lobby.enqueue")),
            ("modt", Some("motd")),
            ("Arena.attack", None),
            ("", None),
        ] {
            assert_eq!(nearest(meant, names.into_iter()), name, "{meant}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
