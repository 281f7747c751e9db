//! The real program in a pseudo-terminal: keys go in, the screen comes out. Waiting is for what the screen shows, with a
//! limit; nothing sleeps.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long to wait for what should come: debug builds on a busy machine are slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program, its terminal and what that shows.
pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    ended: bool,
}

/// What of a terminal must be as it was.
#[derive(Debug, PartialEq, Eq)]
pub struct Modes {
    /// Echo, line editing and so on.
    pub line: String,
    pub alternate: bool,
    pub cursor_hidden: bool,
    pub mouse: String,
    pub bracketed_paste: bool,
}

impl Pty {
    /// Starts icedeck with these arguments on the lake of a test environment's folder.
    pub fn icedeck(root: &Path, arguments: &[&str]) -> Self {
        Self::start(root, env!("CARGO_BIN_EXE_icedeck"), arguments)
    }

    /// Starts any program so.
    pub fn start(root: &Path, program: &str, arguments: &[&str]) -> Self {
        let size = PtySize { rows: 24, cols: 100, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.env("TERM", "xterm-256color");
        command.env("HOME", root);
        for (name, folder) in [("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state")] {
            command.env(name, root.join(folder));
        }
        command.cwd(root);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let (send, output) = channel();
        let mut reader = pair.master.try_clone_reader().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0u8; 8192];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        let parser = vt100::Parser::new(24, 100, 0);
        Self { child, master: pair.master, keys, output, parser, ended: false }
    }

    /// Sends bytes as the keyboard does.
    pub fn send(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// Waits until the screen holds a text.
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |screen| screen.contents().contains(text));
    }

    /// Waits until something is true of the screen.
    pub fn wait_until(&mut self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        let limit = Instant::now() + PATIENCE;
        while !is_so(self.parser.screen()) {
            let left = limit.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(RecvTimeoutError::Timeout) => panic!("waited for {what:?} in vain:\n{}", self.screen()),
                Err(RecvTimeoutError::Disconnected) if !self.ended => self.ended = true,
                Err(RecvTimeoutError::Disconnected) => panic!("ended before {what:?}:\n{}", self.screen()),
            }
        }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Makes the terminal another size.
    pub fn resize(&mut self, rows: u16, cols: u16) {
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        self.parser.screen_mut().set_size(rows, cols);
    }

    /// How the terminal is set now.
    pub fn modes(&self) -> Modes {
        let screen = self.parser.screen();
        Modes {
            line: format!("{:?}", self.master.get_termios()),
            alternate: screen.alternate_screen(),
            cursor_hidden: screen.hide_cursor(),
            mouse: format!("{:?}", screen.mouse_protocol_mode()),
            bracketed_paste: screen.bracketed_paste(),
        }
    }

    /// Waits for the end; gives back the exit code and how the terminal was left.
    pub fn end(mut self) -> (u32, Modes, String) {
        let limit = Instant::now() + PATIENCE;
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.exit_code();
            }
            assert!(Instant::now() < limit, "it does not end:\n{}", self.screen());
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(20)) {
                self.parser.process(&bytes);
            }
        };
        // What was written before the end may still be on its way.
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.parser.process(&bytes);
        }
        (code, self.modes(), self.screen())
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.child.kill().ok();
    }
}
