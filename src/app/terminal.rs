//! The terminal: taken at the start and given back at the end, whatever the end is. Draws nothing.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::{Error, Kind, Result};

/// What is drawn on.
pub type Drawn = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// The terminal while the console has it. Dropping it gives the terminal back.
#[derive(Debug)]
pub struct Guard {
    taken: Arc<AtomicBool>,
    mouse: bool,
}

fn failed(what: &str, error: io::Error) -> Error {
    Error::new(Kind::Unavailable, format!("cannot {what} the terminal")).caused_by(error)
}

impl Guard {
    /// Takes the terminal: raw mode, alternate screen, mouse reports where wanted, pasted text as one piece.
    ///
    /// # Errors
    /// Unavailable where standard input or output is no terminal.
    pub fn take(mouse: bool) -> Result<Self> {
        if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
            return Err(Error::new(Kind::Unavailable, "the console needs a terminal")
                .hint("scripts use the verbs: icedeck --help lists them"));
        }
        let mut guard = Self { taken: Arc::new(AtomicBool::new(false)), mouse };
        guard.enter()?;
        guard.restore_on_panic();
        Ok(guard)
    }

    /// A terminal to draw on.
    ///
    /// # Errors
    /// Unavailable where its size is not known.
    pub fn terminal(&self) -> Result<Drawn> {
        let out = BufWriter::with_capacity(64 * 1024, io::stdout());
        Terminal::new(CrosstermBackend::new(out)).map_err(|e| failed("draw on", e))
    }

    fn enter(&mut self) -> Result<()> {
        self.taken.store(true, Ordering::SeqCst);
        enable_raw_mode().map_err(|e| failed("take", e))?;
        let entered = execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide);
        entered.map_err(|e| failed("take", e))?;
        self.set_mouse(self.mouse)
    }

    /// Switches mouse reports on or off.
    ///
    /// # Errors
    /// Unavailable where the terminal is gone.
    pub fn set_mouse(&mut self, on: bool) -> Result<()> {
        self.mouse = on;
        let done =
            if on { execute!(io::stdout(), EnableMouseCapture) } else { execute!(io::stdout(), DisableMouseCapture) };
        done.map_err(|e| failed("use", e))
    }

    /// Copies to the clipboard of whoever sits at the terminal, by OSC 52: works over SSH.
    ///
    /// # Errors
    /// Unavailable where the terminal is gone.
    pub fn copy(&self, text: &str) -> Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text)).map_err(|e| failed("copy through", e))
    }

    /// Gives the terminal back, stops the program until it is continued, and takes the terminal again.
    ///
    /// # Errors
    /// Unavailable where the terminal is gone.
    pub fn suspend(&mut self) -> Result<()> {
        give_back(&self.taken);
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)
            .map_err(|e| failed("stop for", e.into()))?;
        self.enter()
    }

    /// The program was continued: the shell may have changed the terminal.
    ///
    /// # Errors
    /// Unavailable where the terminal is gone.
    pub fn resume(&mut self) -> Result<()> {
        // Raw mode must be set anew, though crossterm believes that it is.
        disable_raw_mode().ok();
        self.enter()
    }

    /// A panic on this thread gives the terminal back before its message is printed. One on another thread is the
    /// fault of a job: that one fails, the screen stays, and the message goes to the log.
    fn restore_on_panic(&self) {
        let (taken, screen) = (self.taken.clone(), std::thread::current().id());
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let is_screen = std::thread::current().id() == screen;
            if is_screen {
                give_back(&taken);
            }
            if taken.load(Ordering::SeqCst) {
                tracing::error!("{info}");
            } else {
                before(info);
            }
        }));
    }
}

/// Gives the terminal back, once.
fn give_back(taken: &AtomicBool) {
    if !taken.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    // Whatever fails here, the rest is still to be tried.
    queue!(out, DisableMouseCapture).ok();
    queue!(out, DisableBracketedPaste).ok();
    queue!(out, LeaveAlternateScreen).ok();
    queue!(out, cursor::Show).ok();
    out.flush().ok();
    disable_raw_mode().ok();
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back(&self.taken);
    }
}
