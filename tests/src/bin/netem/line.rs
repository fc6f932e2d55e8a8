//! One end of a line: packets of the system here go to the other end as the weather lets them. Knows nothing of what the
//! packets are. Its own instead of the kernel's `netem`, which many kernels are built without.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::tun;
use crate::weather::{Sky, Weather};

/// One end of the line.
#[derive(Debug, clap::Args)]
pub(crate) struct Line {
    /// The device to make.
    #[arg(long)]
    device: String,
    /// Where packets from the other end come in.
    #[arg(long)]
    ours: PathBuf,
    /// Where the other end takes them. It may come later.
    #[arg(long)]
    theirs: PathBuf,
    #[command(flatten)]
    weather: Weather,
    /// For losses and delays that are the same again, as far as the packets are.
    #[arg(long)]
    seed: u64,
}

/// The largest packet that can come.
const PACKET_BYTES_MAX: usize = 64 << 10;
/// Packets under way; beyond it the line loses them.
const PACKETS_MAX: usize = 4_096;

/// A packet and when it arrives. The number keeps those of one instant in order.
type UnderWay = (Reverse<(Instant, u64)>, Vec<u8>);

impl Line {
    /// Runs until it is killed, or its device is gone.
    pub(crate) fn run(self) -> io::Result<()> {
        let device = tun::create(&self.device)?;
        let socket = UnixDatagram::bind(&self.ours)?;
        let (queue, under_way) = sync_channel(PACKETS_MAX);
        let (to_device, out) = (device.try_clone()?, socket.try_clone()?);
        thread::spawn(move || bring_in(&socket, to_device));
        thread::spawn(move || deliver(&under_way, &out, &self.theirs));
        take_out(device, Sky::new(self.weather, self.seed), &queue)
    }
}

/// Takes packets from the system.
fn take_out(mut device: File, mut sky: Sky, queue: &SyncSender<UnderWay>) -> io::Result<()> {
    let mut packet = vec![0; PACKET_BYTES_MAX];
    let mut number = 0;
    loop {
        let bytes = device.read(&mut packet)?;
        if let Some(at) = sky.arrival(bytes, Instant::now()) {
            number += 1;
            // Full, or nobody there: lost.
            let _ = queue.try_send((Reverse((at, number)), packet[..bytes].to_vec()));
        }
    }
}

/// Gives packets to the other end when their time has come.
fn deliver(queue: &Receiver<UnderWay>, out: &UnixDatagram, theirs: &Path) {
    let mut under_way: BinaryHeap<UnderWay> = BinaryHeap::new();
    loop {
        let next = under_way.peek().map(|(Reverse((at, _)), _)| at.saturating_duration_since(Instant::now()));
        match queue.recv_timeout(next.unwrap_or(Duration::from_secs(1))) {
            Ok(packet) if under_way.len() < PACKETS_MAX => under_way.push(packet),
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while under_way.peek().is_some_and(|(Reverse((at, _)), _)| *at <= Instant::now()) {
            if let Some((_, packet)) = under_way.pop() {
                // The other end is not there yet, or not any more: lost.
                let _ = out.send_to(&packet, theirs);
            }
        }
    }
}

/// Gives the system what comes from the other end.
fn bring_in(socket: &UnixDatagram, mut device: File) {
    let mut packet = vec![0; PACKET_BYTES_MAX];
    while let Ok(bytes) = socket.recv(&mut packet) {
        // A device that is down takes nothing: lost.
        let _ = device.write(&packet[..bytes]);
    }
}
