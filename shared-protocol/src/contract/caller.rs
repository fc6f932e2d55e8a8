//! What stubs are called on: a player, the server as a client sees it, a group.

use serde::Serialize;

use super::{Answer, RouteDescriptor, ServedBy};

/// Something that stubs are called on.
///
/// Such a handle has one inherent method, `session()` (a group: `members()`), which leads to everything else, and a
/// client also `poll()`: an inherent method would silently shadow a stub of the same name, so contracts cannot have
/// these three.
pub trait Caller {
    /// What a stub with a reply returns: one call on a player, a gathering of calls on a group.
    type Call<R: Answer>;
    /// What a notify stub returns.
    type Notified;

    /// Prepares a call; it is sent when first polled, or by `.then(..)` or `.send()`.
    fn call<A: Serialize, R: Answer>(&self, route: &'static RouteDescriptor, arguments: &A) -> Self::Call<R>;

    /// Sends a notify at once.
    fn notify<A: Serialize>(&self, route: &'static RouteDescriptor, arguments: &A) -> Self::Notified;
}

/// Who this handle leads to. Contracts served by the other side are not callable on it.
#[diagnostic::on_unimplemented(
    message = "wrong side: `{Self}` does not lead to the peer that serves this contract (`{S}`)",
    label = "this contract is not served over there",
    note = "a contract `served_by = server` is called on a client's handle, one `served_by = client` on a player or a group"
)]
pub trait Reaches<S: ServedBy>: Caller {}
