//! Routes as text, for tools: what the built-in route `farcall.routes` answers. Everything in it is for people; peers
//! understand each other by [`RouteDescriptor`]s and signatures.

use serde::{Deserialize, Serialize};

use super::{Delivery, RouteDescriptor};
use crate::ids::{Side, Signature};
use crate::message::Shape;

/// The name of the built-in route that answers a [`RouteTable`], where a server allows it.
pub const ROUTES_ROUTE: &str = "farcall.routes";

/// What a server serves, and what it calls on its players.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, crate::Message)]
pub struct RouteTable {
    /// Sorted by who serves them and by name.
    pub routes: Vec<RouteInfo>,
}

/// A route as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, crate::Message)]
pub struct RouteInfo {
    /// The wire name.
    pub name: String,
    /// `server` or `client`.
    pub served_by: String,
    /// As in [`Delivery::name`].
    pub delivery: String,
    /// The arguments in order.
    pub arguments: Vec<ArgumentInfo>,
    /// The type of the answer; none where nobody answers.
    pub reply: Option<String>,
    /// The type of the handler's own error.
    pub error: Option<String>,
    /// Definitions of the structs and enums that the arguments consist of.
    pub types: Vec<String>,
    /// Those of reply and error, where they are others.
    pub answer_types: Vec<String>,
    /// Arguments in JSON, to be changed and sent.
    pub example: String,
    /// An answer in JSON; none where nobody answers.
    pub reply_example: Option<String>,
    /// The doc comment.
    pub docs: String,
    /// Where its handler stands, as `file:line`; none for routes of the other side.
    pub place: Option<String>,
    /// In hexadecimal digits.
    pub signature: String,
}

/// An argument as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, crate::Message)]
pub struct ArgumentInfo {
    /// Its name; empty where it has none.
    pub name: String,
    /// Its type.
    pub shape: String,
}

/// What a route takes and gives, as shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shapes<'a> {
    /// Names and shapes of the arguments.
    pub arguments: &'a [(&'static str, &'static Shape)],
    /// What it answers.
    pub ok: &'static Shape,
    /// What it may refuse with.
    pub err: Option<&'static Shape>,
}

impl RouteInfo {
    /// Describes a contract's or a linked route.
    pub fn of(route: &RouteDescriptor) -> Self {
        let arguments: Vec<_> = route.arguments.iter().map(|given| (given.name, given.shape)).collect();
        let shapes = Shapes { arguments: &arguments, ok: route.ok, err: route.err };
        let info = Self::from_shapes(route.name, route.side, route.delivery, shapes, route.signature);
        Self { docs: route.docs.trim().to_owned(), ..info }
    }

    /// Describes a route of which no more is known than this.
    pub fn from_shapes(
        name: &str,
        side: Side,
        delivery: Delivery,
        shapes: Shapes<'_>,
        signature: Signature,
    ) -> Self {
        let Shapes { arguments, ok, err } = shapes;
        let answers = delivery == Delivery::Call;
        let mut named = Vec::new();
        let mut definitions = |shape: &'static Shape| -> Vec<String> {
            let fresh: Vec<_> = shape.named().into_iter().filter(|shape| !named.contains(shape)).collect();
            named.extend(&fresh);
            fresh.into_iter().map(Shape::definition).collect()
        };
        let types = arguments.iter().flat_map(|(_, shape)| definitions(shape)).collect();
        let answer_types = answers.then_some(ok).into_iter().chain(err).flat_map(definitions).collect();
        let examples: Vec<String> = arguments.iter().map(|(_, shape)| shape.example().to_string()).collect();
        let info =
            |&(name, shape): &(&str, &Shape)| ArgumentInfo { name: name.into(), shape: shape.to_string() };
        Self {
            name: name.into(),
            served_by: side.name().into(),
            delivery: delivery.name().into(),
            arguments: arguments.iter().map(info).collect(),
            reply: answers.then(|| ok.to_string()),
            error: err.map(ToString::to_string),
            types,
            answer_types,
            example: format!("[{}]", examples.join(", ")),
            reply_example: answers.then(|| ok.example().to_string()),
            docs: String::new(),
            place: None,
            signature: signature.to_string(),
        }
    }

    /// Whether calls of it are answered.
    pub fn is_call(&self) -> bool {
        self.reply.is_some()
    }

    /// As a function: `Lobby.enqueue(mode: Mode) -> Result<Ticket, EnqueueError>`.
    pub fn signature_line(&self) -> String {
        format!("{}{}", self.name, self.types_line())
    }

    /// The same without the name.
    pub fn types_line(&self) -> String {
        let argument = |argument: &ArgumentInfo| match &argument.name[..] {
            "" => argument.shape.clone(),
            name => format!("{name}: {}", argument.shape),
        };
        let arguments: Vec<String> = self.arguments.iter().map(argument).collect();
        let answer = match (self.reply.as_deref(), &self.error) {
            (Some(reply), Some(error)) => format!(" -> Result<{reply}, {error}>"),
            (None | Some("()"), None) => String::new(),
            (Some(reply), None) => format!(" -> {reply}"),
            (None, Some(error)) => format!(" -> Result<(), {error}>"),
        };
        format!("({}){answer}", arguments.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_reads_as_a_function() {
        const TICKET: Shape =
            Shape::Struct { name: "Ticket", fields: crate::Fields::Positional(&[&Shape::U16]) };
        const ARGUMENTS: &[crate::Argument] =
            &[crate::Argument { name: "x", shape: &Shape::I64, secret: false }];
        let route = |delivery, ok, err| {
            RouteDescriptor::new("Lobby.enqueue", Side::Server, delivery, ARGUMENTS, ok, err, " Enters. ")
        };
        let info = RouteInfo::of(&route(Delivery::Call, &TICKET, Some(&Shape::Str)));
        assert_eq!(info.signature_line(), "Lobby.enqueue(x: i64) -> Result<Ticket, String>");
        assert_eq!((info.types.len(), &info.answer_types[..]), (0, &["struct Ticket(u16)".to_owned()][..]));
        assert_eq!((&info.docs[..], &info.example[..], info.is_call()), ("Enters.", "[0]", true));
        let told = RouteInfo::of(&route(Delivery::Latest, &Shape::Unit, None));
        assert_eq!((told.types_line(), told.is_call()), ("(x: i64)".into(), false));
        let bare = Shapes { arguments: &[("", &Shape::Bool)], ok: &Shape::Unit, err: None };
        let bare = RouteInfo::from_shapes("flip", Side::Server, Delivery::Call, bare, Signature(1));
        assert_eq!((bare.signature_line(), bare.is_call()), ("flip(bool)".into(), true));
    }
}
