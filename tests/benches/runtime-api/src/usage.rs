//! What a process used: CPU time and memory; and how busy the machine was with something else.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

/// CPU time of all threads of a process.
pub(crate) fn cpu(pid: Pid) -> nix::Result<Duration> {
    Ok(clock_gettime(ClockId::pid_cpu_clock_id(pid)?)?.into())
}

/// CPU time of all processes that this one started and that ended.
pub(crate) fn of_children() -> nix::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: TimeVal| (time.tv_sec() * 1_000_000 + time.tv_usec()).unsigned_abs();
    Ok(Duration::from_micros(micros(usage.user_time()) + micros(usage.system_time())))
}

/// A line of `/proc/PID/status` in KB: `VmHWM` is the most memory that was resident, `VmRSS` what is.
pub(crate) fn memory(pid: Pid, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// The CPU time of the whole machine, from a point in time on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine {
    since: Instant,
    busy: Duration,
    own: Duration,
}

impl Machine {
    /// Begins.
    pub(crate) fn now() -> Self {
        let own = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map(Duration::from).unwrap_or_default();
        Self { since: Instant::now(), busy: busy(), own }
    }

    /// How many cores were busy with something else than this process and the function, which used `function`.
    pub(crate) fn others(&self, function: Duration) -> f64 {
        let now = Self::now();
        let others = (now.busy - self.busy).saturating_sub(now.own - self.own).saturating_sub(function);
        others.as_secs_f64() / (now.since - self.since).as_secs_f64()
    }
}

fn busy() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<u64> = stat.lines().next().unwrap_or_default().split(' ').filter_map(|n| n.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal, in hundredths of a second.
    let idle = fields.get(3..5).map_or(0, |idle| idle.iter().sum());
    Duration::from_millis((fields.iter().take(8).sum::<u64>() - idle) * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_cpu_and_memory() {
        let (own, machine) = (Pid::this(), Machine::now());
        let (before, began) = (cpu(own).unwrap(), Instant::now());
        while began.elapsed() < Duration::from_millis(50) {
            std::hint::spin_loop();
        }
        assert!(cpu(own).unwrap() > before);
        // The greatest amount is read last: another test may need more in the meantime.
        let now = memory(own, "VmRSS");
        assert!(memory(own, "VmHWM") >= now && now > 500);
        assert!(machine.others(Duration::ZERO) >= 0.0);
    }
}
