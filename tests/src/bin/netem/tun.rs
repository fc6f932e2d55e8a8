//! A TUN device: a network interface whose IP packets this process reads and writes.

#![allow(unsafe_code, reason = "the one request by which a file becomes a device has no safe form")]

use std::ffi::c_short;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;

/// Makes a device of this name in the network namespace of the process. One read or write is one packet, without
/// anything before it. The device is gone when the file is closed.
///
/// # Errors
/// Of the system: no `/dev/net/tun`, no right to make devices, or a name that is taken or too long.
pub(crate) fn create(name: &str) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).open("/dev/net/tun")?;
    // SAFETY: all zeros are a valid `ifreq`, which is plain numbers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays zero and ends the name.
    if name.len() >= request.ifr_name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as c_short;
    // SAFETY: the descriptor is open, and the kernel reads and writes one `ifreq`, which outlives the call.
    match unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request) } {
        0 => Ok(file),
        _ => Err(io::Error::last_os_error()),
    }
}
