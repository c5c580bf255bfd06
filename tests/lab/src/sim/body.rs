//! Response bodies: whole, cut, stalled, dripping, or far too large.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Interval, Sleep};

/// Time before a cut, in which the first half is sent: hyper drops what it has not yet written when a body fails.
const BEFORE_CUT: Duration = Duration::from_millis(30);
/// Portions of a dripping body in a second.
const DRIPS_PER_SECOND: u64 = 20;
/// Uncompressed size of the bomb, and the portions in which it is compressed.
const BOMB_BYTES: u64 = 1 << 30;
const BOMB_PORTION: usize = 4 << 20;

/// The body of a response.
#[derive(Debug)]
pub(crate) enum Body {
    Whole(Option<Bytes>),
    /// The first half, the promised length, and the timer of the cut.
    Cut(Option<Bytes>, u64, Pin<Box<Sleep>>),
    /// The first half, and the promised length.
    Stall(Option<Bytes>, u64),
    Drip {
        rest: Bytes,
        portion: usize,
        clock: Interval,
    },
    Bomb {
        /// The text before and after the blanks.
        shell: (Vec<u8>, Vec<u8>),
        left: u64,
        packer: Option<GzEncoder<Vec<u8>>>,
    },
}

impl Body {
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Some(bytes.into()))
    }

    pub(crate) fn cut(bytes: &Bytes) -> Self {
        let half = bytes.slice(..bytes.len() / 2);
        Self::Cut(Some(half), bytes.len() as u64, Box::pin(tokio::time::sleep(BEFORE_CUT)))
    }

    pub(crate) fn stall(bytes: &Bytes) -> Self {
        Self::Stall(Some(bytes.slice(..bytes.len() / 2)), bytes.len() as u64)
    }

    pub(crate) fn drip(rest: Bytes, bytes_per_second: u64) -> Self {
        Self::Drip {
            rest,
            portion: usize::try_from(bytes_per_second.div_ceil(DRIPS_PER_SECOND)).unwrap_or(usize::MAX),
            clock: tokio::time::interval(Duration::from_millis(1000 / DRIPS_PER_SECOND)),
        }
    }

    /// A gzip stream of a page that consists mostly of blanks.
    pub(crate) fn bomb(shell: (Vec<u8>, Vec<u8>)) -> Self {
        Self::Bomb { shell, left: BOMB_BYTES, packer: Some(GzEncoder::new(Vec::new(), Compression::fast())) }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let ready = |bytes: Bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        match self.get_mut() {
            Self::Whole(bytes) => match bytes.take() {
                Some(bytes) if !bytes.is_empty() => ready(bytes),
                _ => Poll::Ready(None),
            },
            Self::Cut(first, _, moment) => match first.take() {
                Some(bytes) => ready(bytes),
                None => match moment.as_mut().poll(context) {
                    Poll::Ready(()) => Poll::Ready(Some(Err(io::Error::other("cut by order")))),
                    Poll::Pending => Poll::Pending,
                },
            },
            Self::Stall(first, _) => match first.take() {
                Some(bytes) => ready(bytes),
                None => Poll::Pending,
            },
            Self::Drip { rest, portion, clock } => {
                if rest.is_empty() {
                    return Poll::Ready(None);
                }
                match clock.poll_tick(context) {
                    Poll::Ready(_) => ready(rest.split_to((*portion).min(rest.len()))),
                    Poll::Pending => Poll::Pending,
                }
            }
            Self::Bomb { shell, left, packer } => match explode(shell, left, packer) {
                Ok(Some(bytes)) => ready(bytes),
                Ok(None) => Poll::Ready(None),
                Err(cause) => Poll::Ready(Some(Err(cause))),
            },
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Cut(_, promised, _) | Self::Stall(_, promised) => SizeHint::with_exact(*promised),
            Self::Drip { rest, .. } => SizeHint::with_exact(rest.len() as u64),
            Self::Bomb { .. } => SizeHint::default(),
        }
    }
}

/// The next compressed portion of the bomb.
fn explode(shell: &(Vec<u8>, Vec<u8>), left: &mut u64, packer: &mut Option<GzEncoder<Vec<u8>>>) -> io::Result<Option<Bytes>> {
    let Some(mut open) = packer.take() else {
        return Ok(None);
    };
    if *left == 0 {
        open.write_all(&shell.1)?;
        return open.finish().map(|bytes| Some(bytes.into()));
    }
    if *left == BOMB_BYTES {
        open.write_all(&shell.0)?;
    }
    open.write_all(&vec![b' '; BOMB_PORTION])?;
    open.flush()?;
    *left -= BOMB_PORTION as u64;
    let bytes = std::mem::take(open.get_mut());
    *packer = Some(open);
    Ok(Some(bytes.into()))
}
