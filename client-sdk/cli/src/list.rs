//! `farcall list` and `farcall describe`: routes as people read them.

use farcall_client::Client;
use farcall_protocol::{RouteInfo, RouteTable};

use crate::args::{At, Options};
use crate::exit::{Exit, Trouble};
use crate::paint::{Paint, TERMINAL_COLUMNS, clean, padded, say, wrapped};
use crate::{json, routes};

/// Lists what is served here and there.
///
/// # Errors
/// When the server does not tell.
pub async fn list(client: &Client, at: &At, options: &Options) -> Result<(), Trouble> {
    let table = routes::ask(client, options).await?.ok_or_else(|| routes::untold(&at.address))?;
    if options.json {
        return Ok(say(&as_json(&table)?)?);
    }
    Ok(say(&listing(&table, &at.address, Paint::out()))?)
}

/// Says everything about one route.
///
/// # Errors
/// When the server does not tell, or there is no such route.
pub async fn describe(client: &Client, at: &At, route: &str, options: &Options) -> Result<(), Trouble> {
    let table = routes::ask(client, options).await?.ok_or_else(|| routes::untold(&at.address))?;
    let Some(found) = table.routes.iter().find(|known| known.name == route) else {
        return Err(routes::unknown(route, table.routes.iter().map(|route| &route.name[..])));
    };
    if options.json {
        return Ok(say(&as_json(found)?)?);
    }
    Ok(say(&description(found, &at.address, Paint::out()))?)
}

fn as_json(value: &impl serde::Serialize) -> Result<String, Trouble> {
    serde_json::to_string(value).map_err(|error| Trouble::new(Exit::Ended, error.to_string()))
}

fn listing(table: &RouteTable, address: &str, paint: Paint) -> String {
    let sections =
        [("server", format!("{address} serves:")), ("client", "It calls on its players:".to_owned())];
    let mut text = Vec::new();
    for (side, title) in sections {
        let served: Vec<&RouteInfo> = table.routes.iter().filter(|route| route.served_by == side).collect();
        if !served.is_empty() {
            text.push(format!("{}\n{}", paint.bold(&title), rows(&served, paint).join("\n")));
        }
    }
    if text.is_empty() { format!("{address} serves nothing") } else { text.join("\n\n") }
}

/// One route a line and its docs beside it, in as many lines as they need.
fn rows(routes: &[&RouteInfo], paint: Paint) -> Vec<String> {
    let signatures: Vec<String> = routes.iter().map(|route| clean(&route.signature_line())).collect();
    let widths = signatures.iter().map(|signature| signature.chars().count());
    let width = widths.filter(|&width| width <= SIGNATURE_CHARS_MAX).max().unwrap_or(0);
    let docs_width = TERMINAL_COLUMNS - width - 4;
    let row = |(route, signature): (&&RouteInfo, &String)| {
        let (name, types) = signature.split_at(clean(&route.name).len());
        let mut docs = wrapped(&remark(route), docs_width).into_iter();
        let mut row = format!("  {}{types}", paint.name(name));
        if let Some(left) = width.checked_sub(signature.chars().count())
            && let Some(line) = docs.next()
        {
            row += &format!("{}  {}", " ".repeat(left), paint.dim(&line));
        }
        for line in docs {
            row += &format!("\n{}{}", " ".repeat(width + 4), paint.dim(&line));
        }
        row
    };
    routes.iter().zip(&signatures).map(row).collect()
}

/// How messages are delivered (calls are the rule), and the first paragraph of the docs.
fn remark(route: &RouteInfo) -> String {
    let lines: Vec<&str> = route.docs.trim().lines().take_while(|line| !line.trim().is_empty()).collect();
    // Joined before it is cleaned: a line's end is no control character to show.
    let docs = clean(&lines.join(" "));
    match (route.is_call(), docs.is_empty()) {
        (true, _) => docs,
        (false, true) => clean(&route.delivery),
        (false, false) => format!("{}: {docs}", clean(&route.delivery)),
    }
}

fn description(route: &RouteInfo, address: &str, paint: Paint) -> String {
    let mut lines = vec![format!("{}{}", paint.name(&clean(&route.name)), clean(&route.types_line()))];
    for line in route.docs.trim().lines() {
        match wrapped(&clean(line), TERMINAL_COLUMNS - 2) {
            none if none.is_empty() => lines.push(String::new()),
            some => lines.extend(some.iter().map(|line| format!("  {}", paint.dim(line)))),
        }
    }
    lines.push(String::new());
    let mut field = |name: &str, value: String| {
        lines.push(format!("  {}  {value}", paint.bold(&padded(name, 9))));
    };
    field("served by", clean(&route.served_by));
    field("delivery", clean(&route.delivery));
    for (at, argument) in route.arguments.iter().enumerate() {
        let name = if argument.name.is_empty() { format!("#{}", at + 1) } else { clean(&argument.name) };
        let label = if at == 0 { "arguments" } else { "" };
        field(label, format!("{name}: {}", clean(&argument.shape)));
    }
    if let Some(reply) = &route.reply {
        field("reply", clean(reply));
    }
    if let Some(error) = &route.error {
        field("error", clean(error));
    }
    if let Some(place) = &route.place {
        field("handler", clean(place));
    }
    let types = route.types.iter().chain(&route.answer_types).flat_map(|definition| definition.lines());
    let types: Vec<String> = types.map(|line| format!("  {}", clean(line))).collect();
    if !types.is_empty() {
        lines.push(String::new());
        lines.extend(types);
    }
    lines.push(String::new());
    lines.push(format!("  {}", example(route, address, paint)));
    lines.join("\n")
}

/// What to type.
fn example(route: &RouteInfo, address: &str, paint: Paint) -> String {
    let name = paint.name(&clean(&route.name));
    let quoted = |json: &str| shell_quoted(&json::one_line(json, Paint::none()));
    match (&route.served_by[..], &route.reply_example) {
        ("client", Some(reply)) => format!("farcall listen {address} --answer {name}={}", quoted(reply)),
        ("client", None) => format!("farcall listen {address}"),
        _ if route.arguments.is_empty() => format!("farcall call {address} {name}"),
        _ => format!("farcall call {address} {name} {}", quoted(&route.example)),
    }
}

/// As one word of a shell's command line.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Wider signatures have their docs on the lines below, so that a long one does not push away those of all others.
const SIGNATURE_CHARS_MAX: usize = 40;
