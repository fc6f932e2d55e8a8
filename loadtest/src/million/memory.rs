//! Memory and CPU of the machine, as /proc tells: what a session costs beyond the processes' own memory. Reads and
//! subtracts; where there is no /proc, it knows nothing.

use std::collections::BTreeMap;
use std::fs;

/// The machine at one moment. Bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Machine {
    /// What could still be given to programs.
    available: Option<u64>,
    /// All that the kernel keeps in slabs.
    slab: Option<u64>,
    /// Each cache of them; empty for those who may not read it (it takes root).
    caches: BTreeMap<String, u64>,
    page_tables: Option<u64>,
    kernel_stacks: Option<u64>,
    /// What sockets have in their queues.
    socket_buffers: Option<u64>,
}

/// What the kernel holds more than before. Bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Grown {
    /// Slabs, page tables, thread stacks, socket queues.
    pub(super) kernel: u64,
    /// Of it, the slab caches that have grown most, the largest first.
    pub(super) caches: Vec<(String, u64)>,
    /// By so much there is less for programs: user memory, kernel, and whatever others did meanwhile.
    pub(super) machine: Option<u64>,
}

impl Machine {
    /// Now. `None` where /proc does not tell.
    pub(super) fn now() -> Option<Machine> {
        let read = |path| fs::read_to_string(path).ok();
        let caches = read("/proc/slabinfo").unwrap_or_default();
        Some(Machine::of(&read("/proc/meminfo")?, &caches, &read("/proc/net/sockstat").unwrap_or_default()))
    }

    fn of(meminfo: &str, slabinfo: &str, sockstat: &str) -> Machine {
        let field = |name| kib(meminfo, name);
        Machine {
            available: field("MemAvailable"),
            slab: field("Slab"),
            caches: slabinfo.lines().filter_map(cache).collect(),
            page_tables: field("PageTables"),
            kernel_stacks: field("KernelStack"),
            socket_buffers: socket_pages(sockstat).map(|pages| pages * PAGE_BYTES),
        }
    }

    /// What is more now than it was `before`.
    pub(super) fn grown_since(&self, before: &Machine) -> Grown {
        let more = |now: Option<u64>, then: Option<u64>| now.unwrap_or(0).saturating_sub(then.unwrap_or(0));
        let mut caches: Vec<(String, u64)> = self
            .caches
            .iter()
            .map(|(name, bytes)| (name, bytes.saturating_sub(before.caches.get(name).copied().unwrap_or(0))))
            .filter(|(name, bytes)| *bytes > 0 && !is_of_files(name))
            .map(|(name, bytes)| (name.clone(), bytes))
            .collect();
        // Where memory gets short, the kernel shrinks its caches of files meanwhile: the sum would hide what sockets took.
        let slab = match caches.iter().map(|(_, bytes)| bytes).sum() {
            0 => more(self.slab, before.slab),
            grown => grown,
        };
        caches.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        caches.truncate(CACHES_SHOWN);
        let rest = more(self.page_tables, before.page_tables)
            + more(self.kernel_stacks, before.kernel_stacks)
            + more(self.socket_buffers, before.socket_buffers);
        let machine = before.available.zip(self.available).map(|(then, now)| then.saturating_sub(now));
        Grown { kernel: slab + rest, caches, machine }
    }
}

/// What programs could still be given.
pub(super) fn available_bytes() -> Option<u64> {
    kib(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable")
}

/// What is worth saying before so many sessions: memory that they need is full of cached files. To give those up kept the kernel
/// busier than connecting did (a fifth of two CPUs; a few hundred logins a second instead of thousands).
pub(super) fn crowded(sessions: u64) -> Option<String> {
    crowded_by(&fs::read_to_string("/proc/meminfo").ok()?, sessions)
}

fn crowded_by(meminfo: &str, sessions: u64) -> Option<String> {
    let (free, available) = (kib(meminfo, "MemFree")?, kib(meminfo, "MemAvailable")?);
    let needed = sessions.saturating_mul(SESSION_BYTES);
    (free < needed.min(available)).then(|| {
        format!(
            "{:.1} GiB of the memory that there is for sessions holds cached files; to give them up as it goes takes longer than to connect. \
             As root before: sync; echo 3 >/proc/sys/vm/drop_caches",
            available.saturating_sub(free) as f64 / f64::from(1_u32 << 30)
        )
    })
}

/// CPU time of the whole machine since it started, in ticks: at work, and in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticks {
    busy: u64,
    all: u64,
}

impl Ticks {
    /// Until now.
    pub(super) fn now() -> Option<Ticks> {
        Ticks::of(&fs::read_to_string("/proc/stat").ok()?)
    }

    fn of(stat: &str) -> Option<Ticks> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let ticks: Vec<u64> = line.split_whitespace().filter_map(|ticks| ticks.parse().ok()).collect();
        // user nice system idle iowait irq softirq steal; guests are in user already.
        let all: u64 = ticks.iter().take(8).sum();
        let idle: u64 = ticks.iter().skip(3).take(2).sum();
        Some(Ticks { busy: all - idle, all })
    }

    /// How much of the machine was at work since `before`, from 0 to 1.
    pub(super) fn share_since(self, before: Ticks) -> f64 {
        let all = self.all.saturating_sub(before.all).max(1);
        self.busy.saturating_sub(before.busy) as f64 / all as f64
    }
}

/// Files that may still be opened on the whole machine.
pub(super) fn files_left() -> Option<u64> {
    let text = fs::read_to_string("/proc/sys/fs/file-nr").ok()?;
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [used, _, most] = numbers[..] else { return None };
    Some(most.saturating_sub(used))
}

/// Bytes of `name:  1024 kB`.
fn kib(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    value.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1_024)
}

/// Name and bytes of a line of /proc/slabinfo.
fn cache(line: &str) -> Option<(String, u64)> {
    let (numbers, slabs) = line.split_once(": slabdata")?;
    let mut numbers = numbers.split_whitespace();
    let name = numbers.next()?;
    // active_objs num_objs objsize objperslab pagesperslab
    let pages: u64 = numbers.nth(4)?.parse().ok()?;
    let slabs: u64 = slabs.split_whitespace().nth(1)?.parse().ok()?;
    Some((name.to_owned(), slabs * pages * PAGE_BYTES))
}

/// Files on disks and in /proc, which others open meanwhile; sockets have inodes of a kind of their own.
fn is_of_files(cache: &str) -> bool {
    cache.ends_with("inode_cache") && cache != "sock_inode_cache"
}

/// Pages in queues of TCP sockets: `TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 170`.
fn socket_pages(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find_map(|line| line.strip_prefix("TCP: "))?;
    line.split_whitespace().skip_while(|word| *word != "mem").nth(1)?.parse().ok()
}

/// A session at both ends, with the kernel's part: what a million took, and a little more.
const SESSION_BYTES: u64 = 20 << 10;
/// Of the machines this is run on.
const PAGE_BYTES: u64 = 4_096;
const CACHES_SHOWN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const SLABS: &str = "slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables 0 0 0 : slabdata <a> <n> <s>
TCP                   66    117   2368   13    8 : tunables    0    0    0 : slabdata      7      9      0
dentry            538758 614649    192   21    1 : tunables    0    0    0 : slabdata  29269  29269      0
ext4_inode_cache       9      9   1000    8    2 : tunables    0    0    0 : slabdata      9      9      0
";

    fn machine(available_kib: u64, slab_kib: u64, slabs: &str) -> Machine {
        let meminfo = format!(
            "MemAvailable: {available_kib} kB\nSlab: {slab_kib} kB\nKernelStack: 64 kB\nPageTables:  5 kB\n"
        );
        Machine::of(&meminfo, slabs, "sockets: used 20\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 170\n")
    }

    #[test]
    fn what_has_grown_is_not_hidden_by_what_has_shrunk() {
        let before = machine(1_000_000, 120_000, SLABS);
        assert_eq!(before.caches["TCP"], 9 * 8 * 4_096);
        assert_eq!(before.socket_buffers, Some(170 * 4_096));
        let after = SLABS
            .replace("7      9", "7    109")
            .replace("9      9      0", "9  9999  0")
            .replace("29269  29269", "100  100");
        let grown = machine(900_000, 20_000, &after).grown_since(&before);
        assert_eq!(grown.caches, [("TCP".to_owned(), 100 * 8 * 4_096)]);
        assert_eq!((grown.kernel, grown.machine), (100 * 8 * 4_096, Some(100_000 << 10)));
    }

    #[test]
    fn without_the_caches_the_sum_must_do() {
        let before = machine(1_000_000, 120_000, "");
        let grown = machine(1_100_000, 120_500, "").grown_since(&before);
        assert_eq!((grown.kernel, grown.machine), (500 << 10, Some(0)));
    }

    #[test]
    fn cached_files_are_told_of_where_sessions_need_their_place() {
        let meminfo = "MemFree:  2097152 kB\nMemAvailable:  10485760 kB\n";
        assert_eq!(crowded_by(meminfo, 100_000), None);
        let told = crowded_by(meminfo, 1_000_000).unwrap();
        assert!(told.starts_with("8.0 GiB of the memory") && told.ends_with("drop_caches"), "{told}");
        // Nothing to drop: it is simply too little.
        assert_eq!(crowded_by("MemFree:  1024 kB\nMemAvailable:  1024 kB\n", 1_000_000), None);
        assert_eq!(crowded_by("", 1_000_000), None);
    }

    #[test]
    fn half_of_the_machine_was_at_work() {
        let before = Ticks::of("cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 1 1 1\n").unwrap();
        assert_eq!(before, Ticks { busy: 200, all: 1_000 });
        let after = Ticks::of("cpu  120 0 110 730 110 5 5 0 0 0\n").unwrap();
        assert_eq!(after.share_since(before), 0.5);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_tells() {
        let now = Machine::now().unwrap();
        assert!(now.available.unwrap() > 0 && now.slab.unwrap() > 0 && available_bytes().unwrap() > 0);
        assert!(Ticks::now().unwrap().all > 0 && files_left().unwrap() > 0);
    }
}
