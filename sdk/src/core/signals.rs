//! [`Signals`]: the signals that end the process. Feature `signal` of tokio is not used on Unix: with it every runtime
//! prepares for all signals when it starts.

#[cfg(unix)]
pub(crate) use unix::Signals;

#[cfg(not(unix))]
pub(crate) use other::Signals;

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::unix::net::UnixStream as Pipe;
    #[cfg(any(debug_assertions, feature = "local"))]
    use std::sync::{Arc, atomic::AtomicBool};

    use signal_hook::consts::{SIGINT, SIGTERM};
    #[cfg(any(debug_assertions, feature = "local"))]
    use signal_hook::flag::{self, register_conditional_default};
    use signal_hook::low_level::pipe::register;
    use tokio::net::UnixStream;

    /// The registered signals, which no longer end the process by themselves.
    pub(crate) struct Signals(UnixStream);

    impl Signals {
        /// Registers Lambda's SIGTERM, and Ctrl-C. Signals are received once this returns.
        pub(crate) fn of_the_end() -> io::Result<Self> {
            Self::of(&[SIGTERM, SIGINT])
        }

        /// Registers Ctrl-C. The second one ends the process at once: a handler that blocks its thread keeps the first
        /// from being received.
        #[cfg(any(debug_assertions, feature = "local"))]
        pub(crate) fn interrupt() -> io::Result<Self> {
            let is_second = Arc::new(AtomicBool::new(false));
            register_conditional_default(SIGINT, Arc::clone(&is_second))?;
            flag::register(SIGINT, is_second)?;
            Self::of(&[SIGINT])
        }

        fn of(signals: &[i32]) -> io::Result<Self> {
            let (received, sent) = Pipe::pair()?;
            received.set_nonblocking(true)?;
            for signal in signals {
                register(*signal, sent.try_clone()?)?;
            }
            UnixStream::from_std(received).map(Self)
        }

        /// Waits for one of the signals.
        pub(crate) async fn received(self) -> io::Result<()> {
            self.0.readable().await
        }
    }
}

#[cfg(not(unix))]
mod other {
    use std::io;

    /// Ctrl-C.
    pub(crate) struct Signals;

    impl Signals {
        pub(crate) fn of_the_end() -> io::Result<Self> {
            Ok(Self)
        }

        #[cfg(any(debug_assertions, feature = "local"))]
        pub(crate) fn interrupt() -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) async fn received(self) -> io::Result<()> {
            tokio::signal::ctrl_c().await
        }
    }
}
