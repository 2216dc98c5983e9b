//! An upstream of one thread: two system calls for an answer, so that no gateway has to wait.
//!
//! It answers 200 with a small body. Asked for `/--/fail` a listener answers 500 to everything from
//! there on, until it is asked for `/--/mend`; `/--/count` tells how many it answered with 500.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;

const HEALTHY: &[u8] = b"HTTP/1.1 200 OK\r\n\
    content-type: application/json\r\ncontent-length: 65\r\n\r\n\
    {\"user\": \"0f3e5a\", \"score\": 0.7312, \"tags\": [\"a\", \"b\"], \"ok\": 1}\n";
const FAILED: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\n\
    content-type: text/plain\r\ncontent-length: 7\r\n\r\nfailed\n";
const END_OF_HEAD: &[u8] = b"\r\n\r\n";
/// As many as epoll tells of at once.
const EVENTS_MAX: usize = 256;

struct Listener {
    socket: TcpListener,
    failing: bool,
    failed: u64,
}

struct Connection {
    stream: TcpStream,
    listener: usize,
    // The beginning of a head whose end has not come.
    begun: Vec<u8>,
}

/// Serves until it is killed.
pub fn serve(listeners: usize) {
    let mut listeners: Vec<_> = (0..listeners).map(|_| listen()).collect();
    let mut connections: HashMap<u64, Connection> = HashMap::new();
    let poll = epoll::create(CreateFlags::CLOEXEC).unwrap();
    let watch = |socket: &dyn AsFd, id| {
        epoll::add(
            &poll,
            socket.as_fd(),
            EventData::new_u64(id),
            EventFlags::IN,
        )
        .unwrap();
    };
    for listener in &listeners {
        watch(&listener.socket, id_of(&listener.socket));
    }
    let mut events = Vec::with_capacity(EVENTS_MAX);
    loop {
        match epoll::wait(&poll, spare_capacity(&mut events), None) {
            // Stopped and continued.
            Err(Errno::INTR) => continue,
            waited => waited.unwrap(),
        };
        for event in events.drain(..) {
            let id = event.data.u64();
            let Some(connection) = connections.get_mut(&id) else {
                let listener = listeners.iter().position(|l| id_of(&l.socket) == id);
                let Ok(connection) = accept(&listeners, listener.unwrap()) else {
                    // Gone before it was taken.
                    continue;
                };
                let id = id_of(&connection.stream);
                watch(&connection.stream, id);
                connections.insert(id, connection);
                continue;
            };
            let stays = answer(connection, &mut listeners[connection.listener]);
            // Closed with the stream, it leaves epoll too.
            if !stays.unwrap_or(false) {
                connections.remove(&id);
            }
        }
    }
}

fn listen() -> Listener {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", socket.local_addr().unwrap());
    Listener {
        socket,
        failing: false,
        failed: 0,
    }
}

fn id_of(socket: &impl AsRawFd) -> u64 {
    u64::try_from(socket.as_raw_fd()).unwrap()
}

fn accept(listeners: &[Listener], listener: usize) -> io::Result<Connection> {
    let (stream, _) = listeners[listener].socket.accept()?;
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    Ok(Connection {
        stream,
        listener,
        begun: Vec::new(),
    })
}

/// Reads what is there and answers what is whole. Whether the connection stays.
fn answer(connection: &mut Connection, listener: &mut Listener) -> io::Result<bool> {
    let mut buffer = [0; 16 * 1024];
    let read = match connection.stream.read(&mut buffer) {
        Ok(0) => return Ok(false),
        Ok(read) => read,
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
        Err(error) => return Err(error),
    };
    connection.begun.extend_from_slice(&buffer[..read]);
    let mut answers = Vec::new();
    while let Some(end) = end_of_head(&connection.begun) {
        let head: Vec<u8> = connection.begun.drain(..end).collect();
        answers.extend_from_slice(&listener.answer(&head));
        // The checks of a proxy, which want to see the end.
        if head
            .split(|byte| *byte == b'\r')
            .next()
            .is_some_and(|line| line.ends_with(b"1.0"))
        {
            connection.stream.write_all(&answers)?;
            return Ok(false);
        }
    }
    connection.stream.write_all(&answers)?;
    Ok(true)
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let found = bytes
        .windows(END_OF_HEAD.len())
        .position(|four| four == END_OF_HEAD);
    found.map(|at| at + END_OF_HEAD.len())
}

impl Listener {
    fn answer(&mut self, head: &[u8]) -> Vec<u8> {
        let path = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        match path {
            b"/--/fail" => self.failing = true,
            b"/--/mend" => self.failing = false,
            b"/--/count" => {}
            _ if self.failing => {
                self.failed += 1;
                return FAILED.to_vec();
            }
            _ => return HEALTHY.to_vec(),
        }
        let count = self.failed.to_string();
        let length = count.len();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{count}").into_bytes()
    }
}
