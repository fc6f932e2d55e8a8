//! `farcall list` and `farcall describe`: routes as people read them.

use farcall_client::Client;
use farcall_protocol::{RouteInfo, RouteTable};

use crate::args::{At, Options};
use crate::exit::{Exit, Trouble};
use crate::paint::{Paint, clean, padded, say};
use crate::{json, routes};

/// Signatures wider than this have their docs on a line of their own.
const COLUMN_CHARS: usize = 46;

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

fn rows(routes: &[&RouteInfo], paint: Paint) -> Vec<String> {
    let lines: Vec<String> = routes.iter().map(|route| clean(&route.signature_line())).collect();
    let widths = lines.iter().map(|line| line.chars().count());
    let width = widths.filter(|&width| width <= COLUMN_CHARS).max().unwrap_or(0);
    let row = |(route, line): (&&RouteInfo, &String)| {
        let (name, types) = line.split_at(clean(&route.name).len());
        let signature = format!("  {}{types}", paint.name(name));
        let docs = paint.dim(&remark(route));
        let row = match line.chars().count() {
            fits if fits <= width => format!("{signature}{}  {docs}", " ".repeat(width - fits)),
            _ if docs.is_empty() => signature,
            _ => format!("{signature}\n  {}  {docs}", " ".repeat(width)),
        };
        row.trim_end().to_owned()
    };
    routes.iter().zip(&lines).map(row).collect()
}

/// How messages are delivered (calls are the rule), and the first line of the docs.
fn remark(route: &RouteInfo) -> String {
    let docs = first_line(&route.docs);
    match (route.is_call(), docs.is_empty()) {
        (true, _) => docs,
        (false, true) => clean(&route.delivery),
        (false, false) => format!("{}: {docs}", clean(&route.delivery)),
    }
}

fn first_line(docs: &str) -> String {
    clean(docs.trim().lines().next().unwrap_or_default())
}

fn description(route: &RouteInfo, address: &str, paint: Paint) -> String {
    let mut lines = vec![format!("{}{}", paint.name(&clean(&route.name)), clean(&route.types_line()))];
    let docs = route.docs.lines().map(|line| format!("  {}", paint.dim(&clean(line.trim()))));
    lines.extend(docs.map(|line| line.trim_end().to_owned()));
    lines.push(String::new());
    let mut field = |name: &str, value: String| {
        lines.push(format!("  {}  {value}", paint.bold(&padded(name, 9))));
    };
    field("served by", format!("the {}", clean(&route.served_by)));
    field("delivered", clean(&route.delivery));
    for (at, argument) in route.arguments.iter().enumerate() {
        let name = if argument.name.is_empty() { format!("#{}", at + 1) } else { clean(&argument.name) };
        let label = if at == 0 { "takes" } else { "" };
        field(label, format!("{name}: {}", clean(&argument.shape)));
    }
    if let Some(reply) = &route.reply {
        field("answers", clean(reply));
    }
    if let Some(error) = &route.error {
        field("refuses", clean(error));
    }
    if let Some(place) = &route.place {
        field("stands in", clean(place));
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
    let (name, plain) = (clean(&route.name), Paint::none());
    match (&route.served_by[..], &route.reply_example) {
        ("client", Some(reply)) => {
            format!(
                "farcall listen {address} --answer {}='{}'",
                paint.name(&name),
                json::one_line(reply, plain)
            )
        }
        ("client", None) => format!("farcall listen {address}"),
        _ if route.arguments.is_empty() => format!("farcall call {address} {}", paint.name(&name)),
        _ => format!(
            "farcall call {address} {} '{}'",
            paint.name(&name),
            json::one_line(&route.example, plain)
        ),
    }
}
