//! The connection: made when it is needed, dropped at the first trouble, every wait bounded.

use std::time::Duration;

use redis::{Client, Cmd, Connection, ConnectionInfo, ErrorKind, RedisError, Value};

use super::reply;
use crate::StoreError;

/// For the connection, and for the greeting after it.
const CONNECT: Duration = Duration::from_millis(500);

/// For each answer.
const ANSWER: Duration = Duration::from_millis(500);

pub(super) struct Link {
    info: ConnectionInfo,
    place: String,
    #[cfg(feature = "redis-tls")]
    roots: Option<Vec<u8>>,
    connection: Option<Connection>,
    /// How many connections there have been.
    connections: u64,
}

impl Link {
    pub(super) fn new(info: ConnectionInfo, place: String) -> Self {
        Self {
            info,
            place,
            #[cfg(feature = "redis-tls")]
            roots: None,
            connection: None,
            connections: 0,
        }
    }

    /// The URL without user and password.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// From now on only these certificates are trusted; false: they are none.
    #[cfg(feature = "redis-tls")]
    pub(super) fn trust(&mut self, pem: &[u8]) -> bool {
        self.roots = Some(pem.to_vec());
        self.connection = None;
        let names_one = pem.windows(17).any(|part| part == b"BEGIN CERTIFICATE");
        names_one && self.client().is_ok()
    }

    fn client(&self) -> Result<Client, RedisError> {
        #[cfg(feature = "redis-tls")]
        {
            super::tls::choose_cryptography();
            let encrypted = matches!(self.info.addr, redis::ConnectionAddr::TcpTls { .. });
            if let (Some(roots), true) = (&self.roots, encrypted) {
                return super::tls::client(self.info.clone(), roots.clone());
            }
        }
        Client::open(self.info.clone())
    }

    /// Sends commands that do no harm when they are done twice, and gives their answers; none of
    /// them is an error of the server.
    ///
    /// A connection that the server closed while it was idle is not told: it is made anew, once.
    pub(super) fn ask(&mut self, commands: &[Cmd]) -> Result<Vec<Value>, StoreError> {
        let was_idle = self.connection.is_some();
        let answers = match self.exchange(commands) {
            Err(error) if was_idle && error.is_connection_dropped() => self.exchange(commands),
            answers => answers,
        };
        let answers = answers.map_err(|error| self.failed(&error))?;
        let refused = answers.iter().find_map(reply::refusal);
        match refused {
            Some(refusal) => Err(refusal.at(&self.place)),
            None => Ok(answers),
        }
    }

    /// The number of the connection that was used last.
    pub(super) fn current(&self) -> u64 {
        self.connections
    }

    /// Sends what stands between MULTI and EXEC, on the connection `watching` the keys and on no
    /// other. False: somebody else changed one of them, and nothing was done.
    pub(super) fn commit(&mut self, watching: u64, commands: &[Cmd]) -> Result<bool, StoreError> {
        if self.connection.is_none() || self.connections != watching {
            let detail = "the connection was lost before the transaction".to_owned();
            let place = self.place.clone();
            return Err(StoreError::Unavailable { place, detail });
        }
        let mut all = vec![redis::cmd("MULTI")];
        all.extend_from_slice(commands);
        all.push(redis::cmd("EXEC"));
        let answers = self.exchange(&all).map_err(|error| self.failed(&error))?;
        // What a command is refused with says more than the EXECABORT that follows from it.
        if let Some(refusal) = answers.iter().find_map(reply::refusal) {
            return Err(refusal.at(&self.place));
        }
        match answers.last() {
            Some(Value::Nil) => Ok(false),
            Some(Value::Array(done)) if done.len() == commands.len() => {
                let refusal = done.iter().find_map(reply::refusal);
                refusal.map_or(Ok(true), |refusal| Err(refusal.at(&self.place)))
            }
            _ => Err(self.unreadable("the answer to EXEC")),
        }
    }

    /// Something that the server holds, or said, is not what was written there.
    pub(super) fn unreadable(&self, what: &str) -> StoreError {
        StoreError::Corrupt {
            place: self.place.clone(),
            detail: format!("{what} cannot be read"),
        }
    }

    /// The answers to the commands, in order. After an error there is no connection, so that no
    /// answer that comes late is taken for that of another command.
    fn exchange(&mut self, commands: &[Cmd]) -> Result<Vec<Value>, RedisError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                self.connections += 1;
                self.connect()?
            }
        };
        let bytes: Vec<u8> = commands.iter().flat_map(Cmd::get_packed_command).collect();
        connection.send_packed_command(&bytes)?;
        // The pipeline of the client goes on to wait for each answer after the first one that did
        // not come.
        let answers = commands.iter().map(|_| connection.recv_response());
        let answers = answers.collect::<Result<Vec<Value>, RedisError>>()?;
        self.connection = Some(connection);
        Ok(answers)
    }

    fn connect(&self) -> Result<Connection, RedisError> {
        let connection = self.client()?.get_connection_with_timeout(CONNECT)?;
        connection.set_read_timeout(Some(ANSWER))?;
        connection.set_write_timeout(Some(ANSWER))?;
        Ok(connection)
    }

    fn failed(&self, error: &RedisError) -> StoreError {
        if error.is_timeout() {
            return StoreError::Slow { after: ANSWER };
        }
        let detail = match error.kind() {
            ErrorKind::AuthenticationFailed => {
                "it refuses the user or the password of the URL".to_owned()
            }
            ErrorKind::IoError if error.is_connection_dropped() => {
                let kind = error.to_string();
                format!("no connection: {}", reply::tame(&kind))
            }
            ErrorKind::ParseError => "it does not speak the protocol of Redis".to_owned(),
            _ => reply::tame(&error.to_string()),
        };
        StoreError::Unavailable {
            place: self.place.clone(),
            detail,
        }
    }
}
