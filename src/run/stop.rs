//! Being told to stop, by SIGTERM or SIGINT.

use std::io;

use actix_web::rt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::error::RunError;
use crate::error::OrInternal;

/// The exit code after a second signal: that of a process that SIGINT has ended.
const INTERRUPTED: i32 = 130;

/// What ends a service.
pub(super) enum Happening {
    /// A signal asked for it.
    StopRequested,
    /// The server ended by itself.
    ServerEnded(io::Result<()>),
}

/// Listens for signals from now on.
///
/// # Errors
/// When the operating system does not let us.
pub(super) fn listen()
-> Result<(UnboundedSender<Happening>, UnboundedReceiver<Happening>), RunError> {
    let (sender, receiver) = unbounded_channel();
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut signals = signal(kind).or_internal()?;
        let sender = sender.clone();
        rt::spawn(async move {
            while signals.recv().await.is_some() && sender.send(Happening::StopRequested).is_ok() {}
        });
    }
    Ok((sender, receiver))
}

/// From now on one more signal ends the process at once: whoever asks twice does not want to
/// wait. Nothing is lost by it, because answers are sent only after their commit.
pub(super) fn leave_on_the_next(mut happenings: UnboundedReceiver<Happening>) {
    rt::spawn(async move {
        while let Some(happening) = happenings.recv().await {
            if matches!(happening, Happening::StopRequested) {
                std::process::exit(INTERRUPTED);
            }
        }
    });
}

/// Blocks until a signal asks to stop. One more signal then ends the process at once.
///
/// # Errors
/// When the operating system does not let us listen.
pub(super) fn wait() -> Result<(), RunError> {
    rt::System::new().block_on(async {
        let (_sender, mut happenings) = listen()?;
        happenings.recv().await;
        Ok(())
    })
}
